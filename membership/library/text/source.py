"""A file that an author wrote: its name, which becomes an address, and what is in it. Pure."""

import re
from pathlib import Path

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class UnfitFile(Exception):
    """`problems` has one sentence for each thing that is wrong with a file."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def slug(path: Path) -> str:
    """Raises UnfitFile."""
    if not _SLUG.fullmatch(path.stem):
        raise UnfitFile(["the file's name becomes the address: use a-z, 0-9 and - only"])
    return path.stem


def decoded(source: bytes) -> str:
    """Raises UnfitFile."""
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnfitFile(["the file must be saved as UTF-8"]) from error
