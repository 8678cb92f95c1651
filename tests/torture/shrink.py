"""The shortest history that still shows what is wrong, as far as there is time to look for it."""

import time
from collections.abc import Callable, Iterator

from tests.torture.histories import History

Fails = Callable[[History], bool]


def shrink(history: History, fails: Fails, *, seconds: float) -> History:
    """Leave out people, then pieces, then single steps, for as long as it still fails."""
    deadline = time.monotonic() + seconds
    shortest = history
    while time.monotonic() < deadline:
        for shorter in _shorter(shortest):
            if time.monotonic() > deadline:
                return shortest
            if fails(shorter):
                shortest = shorter
                break
        else:
            return shortest
    return shortest


def _shorter(history: History) -> Iterator[History]:
    """Ways to leave something out, the greatest first."""
    for name in sorted({step.who for step in history}):
        without = tuple(step for step in history if step.who != name)
        if without:
            yield without
    size = len(history) // 2
    while size:
        for start in range(0, len(history), size):
            yield history[:start] + history[start + size :]
        size //= 2
