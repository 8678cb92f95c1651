"""What a check says, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from membership.doctor.visit import Visit


class Level(StrEnum):
    """From the worst to the best."""

    BROKEN = "broken"
    LOOK = "look"
    SKIPPED = "skipped"
    WELL = "well"


@dataclass(frozen=True)
class Said:
    """One or two sentences on how it is, and what to do where that is not well."""

    level: Level
    what: str
    do: str = ""


@dataclass(frozen=True)
class Check:
    """`name` is stable: monitors and the docs go by it. `why` it matters, in a sentence.

    It is asked only when the checks named in `needs`, which come before it, are well.
    """

    name: str
    why: str
    ask: Callable[[Visit], Said]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    check: Check
    said: Said


def well(what: str) -> Said:
    return Said(Level.WELL, what)


def skipped(what: str) -> Said:
    return Said(Level.SKIPPED, what)


def look(what: str, do: str) -> Said:
    return Said(Level.LOOK, what, do)


def broken(what: str, do: str) -> Said:
    return Said(Level.BROKEN, what, do)
