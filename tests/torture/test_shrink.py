"""The way to the shortest history."""

from tests.torture.histories import History, history
from tests.torture.shrink import shrink

LONG = history(1, members=9, steps=60)


def test_only_what_matters_is_left() -> None:
    first, second = LONG[11], LONG[47]

    def fails(steps: History) -> bool:
        return first in steps and second in steps

    assert shrink(LONG, fails, seconds=10) == (first, second)


def test_without_time_it_stays_as_it_is() -> None:
    assert shrink(LONG, lambda _: True, seconds=0) == LONG


def test_the_same_seed_tells_the_same_history() -> None:
    assert history(1, members=9, steps=60) == LONG
    assert history(2, members=9, steps=60) != LONG
