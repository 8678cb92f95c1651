"""One post from its file: checked whole, and nothing in it believed."""

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from membership.library import front_matter, markdown
from membership.library.files import Files
from membership.library.front_matter import PUBLIC, FrontMatter
from membership.library.post import Picture, Post

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class UnfitPost(Exception):
    """`problems` has one sentence for each thing that is wrong with the file."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Entry:
    """A post and its whole text, which only who may read it gets.

    The text is kept packed: of thousands of posts few are read at a time. `pictures` are the sizes
    it was made with, and `links` what it links to: another day they may be gone.
    """

    post: Post
    packed: bytes
    pictures: dict[str, tuple[int, int]]
    links: tuple[str, ...]

    @property
    def body(self) -> str:
        """The text as safe HTML."""
        return zlib.decompress(self.packed).decode()


def read(path: Path, source: bytes, files: Files) -> Entry:
    """Raises UnfitPost."""
    if not _SLUG.fullmatch(path.stem):
        raise UnfitPost(["the file's name becomes the address: use a-z, 0-9 and - only"])
    try:
        return _entry(path.stem, source.decode("utf-8-sig"), files)
    except UnicodeDecodeError as error:
        raise UnfitPost(["the file must be saved as UTF-8"]) from error
    except front_matter.BadFrontMatter as error:
        raise UnfitPost(error.problems) from error
    except markdown.UnfitText as error:
        raise UnfitPost([f"the text {error}"]) from error


def still_fits(entry: Entry, files: Files) -> bool:
    """Whether its pictures and downloads are what they were when it was read."""
    try:
        for link in entry.links:
            files.check(link)
        return all(files.size(address) == size for address, size in entry.pictures.items())
    except markdown.UnfitText:
        return False


def _entry(slug: str, source: str, files: Files) -> Entry:
    fields, written = front_matter.parse(source)
    picture = _picture(fields, files)
    text = markdown.render(written, summary=fields.summary, files=files, lazy=bool(picture))
    if fields.access != PUBLIC and not text.holds_back:
        raise markdown.UnfitText(
            f"is all teaser: with access {fields.access}, something must follow it"
        )
    post = Post(
        slug=slug,
        title=fields.title,
        date=fields.date,
        author=fields.author,
        lead=fields.summary,
        summary=text.summary,
        access=fields.access,
        tags=fields.tags,
        minutes=text.minutes,
        teaser_html=text.teaser,
        updated=fields.updated,
        image=picture,
        has_code=text.has_code,
        draft=fields.draft,
    )
    addresses = [*text.pictures, *([picture.address] if picture else [])]
    return Entry(
        post=post,
        packed=zlib.compress(text.body.encode()),
        pictures={address: files.size(address) for address in addresses},
        links=text.links,
    )


def _picture(fields: FrontMatter, files: Files) -> Picture | None:
    if fields.image is None or fields.image_alt is None:
        return None
    try:
        width, height = files.size(fields.image)
    except markdown.UnfitText as error:
        raise UnfitPost([f"image: the post {error}"]) from error
    return Picture(fields.image, width, height, fields.image_alt)
