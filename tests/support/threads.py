"""Several at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Each in a thread of its own, all let go together; what they returned, in their order.

    Raises what the first of them raised.
    """
    together = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        together.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        running = [threads.submit(run, act) for act in acts]
    return [each.result() for each in running]
