"""Random life histories: what happens to whom, in which order, told by a seed alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.torture import acts, on_the_site
from tests.torture.townsfolk import NAMES


@dataclass(frozen=True)
class Step:
    """Something happens to somebody; `dice` is the seed of whatever is left to chance in it."""

    act: str
    who: str
    dice: int

    def __str__(self) -> str:
        return f"{self.act} {self.who} {self.dice}"


History = tuple[Step, ...]


def history(seed: int, *, members: int, steps: int) -> History:
    """It begins with people who join and buy, so that there is something to torment."""
    chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
    return tuple(_steps(chance, NAMES[:members], steps))


def _steps(chance: Random, names: tuple[str, ...], steps: int) -> Iterator[Step]:
    weights = acts.WEIGHTS
    for name in names[: len(names) // 2]:
        for act in (on_the_site.joins.__name__, on_the_site.buys.__name__):
            yield Step(act, name, chance.getrandbits(24))
    for chosen in chance.choices([*weights], [*weights.values()], k=steps):
        yield Step(chosen.__name__, chance.choice(names), chance.getrandbits(24))
