"""Who writes to an SQLite file waits in a line, and is let in the moment it is their turn.

SQLite itself has nobody in line: a writer who finds the file taken sleeps, up to 0.1 s, and looks
again, so that one who writes all the time can keep another out for seconds. Here two lock files
beside the database make the line: whoever has the pen writes, whoever has the gate is next. Having
written, one finds somebody at the gate already, and queues behind. What keeps the file whole is
SQLite's own lock, as ever; programs that know nothing of the line are only less patiently served.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

LOOKS_EVERY = 0.01  # seconds, for whoever cannot wait for ever


@contextmanager
def turn(database: str, *, until: float | None = None) -> Iterator[None]:
    """The pen of this file, to be held for one transaction. A process that dies has put it down.

    `until` is a time of time.monotonic(): raises TimeoutError when it is not our turn by then.
    """
    with ExitStack() as gate:
        gate.enter_context(_held(f"{database}-gate", until))
        with _held(f"{database}-pen", until):
            gate.close()
            yield


@contextmanager
def _held(path: str, until: float | None) -> Iterator[None]:
    lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        if until is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            _take_by(until, lock)
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would not, had a child been made meanwhile
        os.close(lock)


def _take_by(until: float, lock: int) -> None:
    """The system's own waiting knows no end, so this one looks, sleeps and looks again."""
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise TimeoutError("others were writing all the time") from None
            time.sleep(LOOKS_EVERY)
