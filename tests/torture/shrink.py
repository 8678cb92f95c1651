"""The shortest history that still shows what is wrong, as far as there is time to look for it."""

import time
from collections.abc import Callable, Iterator

from tests.torture import weather
from tests.torture.histories import History

Fails = Callable[[History], bool]


def shrink(history: History, fails: Fails, *, seconds: float) -> History:
    """Leave out people, then pieces, then single steps, for as long as it still fails."""
    deadline = time.monotonic() + seconds

    def still_fails(steps: History) -> bool:
        return time.monotonic() < deadline and fails(steps)

    shortest = next(filter(still_fails, _of_one_person(history)), history)
    before = None
    while before != shortest and time.monotonic() < deadline:
        before = shortest
        shortest = _without_pieces(shortest, still_fails)
    return shortest


def _of_one_person(history: History) -> Iterator[History]:
    """What happened to them and to everybody: mostly it is a matter of one person alone."""
    for name in sorted({step.who for step in history}):
        yield tuple(step for step in history if step.who == name or hasattr(weather, step.act))


def _without_pieces(history: History, fails: Fails) -> History:
    size = len(history)
    while size := size // 2:
        start = 0
        while start < len(history):
            shorter = history[:start] + history[start + size :]
            if fails(shorter):
                history = shorter
            else:
                start += size
    return history
