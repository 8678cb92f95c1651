"""One post from its file: checked whole, and nothing in it believed."""

import zlib
from dataclasses import dataclass
from pathlib import Path

from membership.library import writing
from membership.library.post import PUBLIC, Picture, Post
from membership.library.shelves.files import Files
from membership.library.writing import FrontMatter, UnfitFile, UnfitText


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
    """Raises UnfitFile."""
    try:
        return _entry(writing.slug(path), writing.decoded(source), files)
    except UnfitText as error:
        raise UnfitFile([f"the text {error}"]) from error


def still_fits(entry: Entry, files: Files) -> bool:
    """Whether its pictures and downloads are what they were when it was read."""
    try:
        for link in entry.links:
            files.check(link)
        return all(files.size(address) == size for address, size in entry.pictures.items())
    except UnfitText:
        return False


def _entry(slug: str, source: str, files: Files) -> Entry:
    fields, written = writing.parse(source)
    picture = _picture(fields, files)
    text = writing.render(written, summary=fields.summary, files=files, lazy=bool(picture))
    if fields.access != PUBLIC and not text.holds_back:
        raise UnfitText(f"is all teaser: with access {fields.access}, something must follow it")
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
    except UnfitText as error:
        raise UnfitFile([f"image: the post {error}"]) from error
    return Picture(fields.image, width, height, fields.image_alt)
