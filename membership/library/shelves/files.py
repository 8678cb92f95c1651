"""The files beside the posts: pictures, which anybody may see, and downloads, each with its access.

CONTENT_DIR/images is read at /images/…, CONTENT_DIR/downloads at /downloads/…; what a download is
called and who may have it stands in downloads/index.yml. A picture may be one of static/ as well.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import imagesize

from membership.config import ROOT
from membership.library import writing
from membership.library.writing import Fields, NotYaml, UnfitFile, UnfitText

INDEX = "index.yml"


@dataclass(frozen=True)
class Download:
    """A file for those who may have it. `access` as a post's; `bytes` is its size."""

    name: str
    title: str
    access: str
    description: str | None
    bytes: int
    path: Path


class Files:
    """What posts may show and link to."""

    def __init__(self, content: Path, downloads: dict[str, Download]) -> None:
        self._folders = {"images": content / "images", "static": ROOT / "static"}
        self._downloads = downloads

    def size(self, address: str) -> tuple[int, int]:
        """Width and height in pixels. Raises UnfitText."""
        path = self._path_of(address)
        if path is None:
            raise UnfitText(
                f"shows the image {address}, and there is no such file: "
                "put it into content/images/ and write /images/…"
            )
        width, height = imagesize.get(path)
        if width < 1 or height < 1:
            raise UnfitText(
                f"shows the image {address}, which is no PNG, JPEG, WebP, AVIF, GIF or SVG "
                "whose size can be read"
            )
        return width, height

    def check(self, address: str) -> None:
        """Raises UnfitText when a link leads to a download that there is not."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path.startswith("/downloads/"):
            return
        name = unquote(parts.path.removeprefix("/downloads/"))
        if composed(name) not in self._downloads:
            raise UnfitText(
                f"links to {address}, and there is no such download: put the file into "
                f"content/downloads/ and its name into content/downloads/{INDEX}"
            )

    def _path_of(self, address: str) -> Path | None:
        _, _, rest = unquote(urlsplit(address).path).partition("/")
        room, _, name = rest.partition("/")
        folder = self._folders.get(room)
        if folder is None or not name:
            return None
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def downloads(folder: Path) -> tuple[dict[str, Download], list[str]]:
    """Every download by its name, and one sentence for each that cannot be offered."""
    files = {composed(p.name): p for p in _files(folder)}
    problems: list[str] = []
    try:
        told = _index(folder / INDEX)
    except UnfitFile as error:
        return {}, error.problems
    found = {}
    for name, about in told.items():
        fields = Fields(about, ("title", "access", "description"))
        title, access = fields.words("title", needed=True), fields.access("access")
        description = fields.words("description")
        path = files.get(name)
        if path is None:
            fields.problems.append("there is no such file in that folder")
        if path and title and not fields.problems:
            found[name] = Download(name, title, access, description, path.stat().st_size, path)
        problems += [f"{name}: {problem}" for problem in fields.problems]
    problems += [
        f"{name}: {INDEX} does not say who may have it" for name in files if name not in told
    ]
    return found, problems


def composed(name: str) -> str:
    """One spelling for ü: some systems write it as u and two dots."""
    return unicodedata.normalize("NFC", name)


def _files(folder: Path) -> list[Path]:
    """Without hidden ones: systems put their own notes into folders."""
    if not folder.is_dir():
        return []
    return [
        p
        for p in folder.iterdir()
        if p.is_file() and p.name != INDEX and not p.name.startswith(".")
    ]


def _index(path: Path) -> dict[str, dict[str, object]]:
    if not path.is_file():
        return {}
    try:
        told = writing.load(path.read_text(encoding="utf-8")) or {}
    except (NotYaml, UnicodeDecodeError) as error:
        raise UnfitFile(["the file is not YAML"]) from error
    if not isinstance(told, dict) or not all(isinstance(about, dict) for about in told.values()):
        raise UnfitFile(["write a file's name, a colon, and below it title and access"])
    return {composed(str(name)): about for name, about in told.items()}
