"""An author at work: posts, pictures and downloads in a folder of this test's own."""

import struct
import zlib
from datetime import date
from pathlib import Path

from membership.library.posts import Library

TODAY = date(2026, 11, 21)


def writes(content: Path, slug: str, text: str = "Hello.\n\nMore.", **fields: str) -> Path:
    """A post, by its front matter: public and of the 14th of November unless told otherwise."""
    told = {"title": "T", "date": "2026-11-14", "access": "public", **fields}
    path = content / "posts" / f"{slug}.md"
    path.parent.mkdir(exist_ok=True)
    head = "".join(f"{name}: {value}\n" for name, value in told.items())
    path.write_text(f"---\n{head}---\n{text}", encoding="utf-8")
    return path


def draws(content: Path, name: str, width: int = 40, height: int = 30) -> Path:
    """A grey picture."""
    path = content / "images" / name
    path.parent.mkdir(exist_ok=True)
    row = b"\0" + b"\x80" * width
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(row * height))
        + _chunk(b"IEND", b"")
    )
    return path


def offers(content: Path, name: str, data: bytes = b"the file", access: str = "public") -> Path:
    """A download, and what the index says of it."""
    path = content / "downloads" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    with (path.parent / "index.yml").open("a", encoding="utf-8") as index:
        index.write(f"{name}:\n  title: About {name}\n  access: {access}\n")
    return path


def opens_library(
    content: Path, *, reread: bool = False, cache: Path | None = None, today: date = TODAY
) -> Library:
    (content / "posts").mkdir(exist_ok=True)
    return Library(content, reread=reread, cache=cache, today=lambda: today)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
