"""Who writes to an SQLite file waits in a line, and is let in the moment it is their turn.

SQLite itself has nobody in line: a writer who finds the file taken sleeps, up to 0.1 s, and looks
again, so that one who writes all the time can keep another out for seconds. Here two lock files
beside the database make the line: whoever has the pen writes, whoever has the gate is next. Having
written, one finds somebody at the gate already, and queues behind. What keeps the file whole is
SQLite's own lock, as ever; programs that know nothing of the line are only less patiently served.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def turn(database: str) -> Iterator[None]:
    """The pen of this file, to be held for one transaction. A process that dies has put it down."""
    with ExitStack() as gate:
        gate.enter_context(_held(f"{database}-gate"))
        with _held(f"{database}-pen"):
            gate.close()
            yield


@contextmanager
def _held(path: str) -> Iterator[None]:
    lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would not, had a child been made meanwhile
        os.close(lock)
