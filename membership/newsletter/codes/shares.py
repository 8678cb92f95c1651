"""When the share of codes that are used has fallen: a pure rule."""

from dataclasses import dataclass
from math import sqrt

ENOUGH = 20  # people, of late
HISTORY = 40  # people, before; a younger site is measured by what is usual
USUAL = 0.3
NOT_BY_CHANCE = 2.5  # standard deviations


@dataclass(frozen=True)
class Share:
    """Of so many people who asked for codes, so many used one."""

    used: int
    people: int

    @property
    def part(self) -> float:
        return self.used / self.people if self.people else 0.0


def fallen(lately: Share, before: Share) -> bool:
    """Whether fewer than half as many use theirs as before, and not by chance.

    People are counted, not codes: one stranger who types in a hundred addresses is one of them.
    """
    if lately.people < ENOUGH:
        return False
    expected = before.part if before.people >= HISTORY else USUAL
    deviation = sqrt(expected * (1 - expected) / lately.people)
    short = expected - lately.part
    return lately.part < expected / 2 and short > NOT_BY_CHANCE * deviation
