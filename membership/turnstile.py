"""Who writes to an SQLite file waits in a line, and is let in the moment it is their turn.

SQLite itself has nobody in line: a writer who finds the file taken sleeps, up to 0.1 s, and looks
again, so that one who writes all the time can keep another out for seconds. Here two lock files
beside the database make the line: whoever has the pen writes, whoever has the gate is next. Having
written, one finds somebody at the gate already, and queues behind. What keeps the file whole is
SQLite's own lock, as ever; programs that know nothing of the line are only less patiently served.

Whoever has the pen notes in it since when, before they leave the gate: so who is next reads of who
is writing now. A process that was stopped while it wrote keeps the pen, and everybody behind it
gives up, as SQLite would have them.
"""

import fcntl
import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from sqlalchemy.exc import OperationalError

LOOKS_EVERY = 0.01  # seconds, at the longest
LOOKS_AFTER = 0.0003  # at first, and then after a tenth of the time that it has waited
LONGEST = 20.0  # that anybody writes
_SINCE = struct.Struct("d")  # of time.monotonic(), which all processes share


@contextmanager
def turn(database: str, *, until: float | None = None) -> Iterator[None]:
    """The pen of this file, to be held for one transaction. A process that dies has put it down.

    `until` is a time of time.monotonic(): raises TimeoutError when it is not our turn by then.
    Raises OperationalError when somebody has been writing for too long to come to an end.
    """
    with ExitStack() as line:
        gate = line.enter_context(_unlocked_after(database, "gate"))
        if until is None:
            fcntl.flock(gate, fcntl.LOCK_EX)
        else:
            _take_by(until, gate)
        with _unlocked_after(database, "pen") as pen:
            _take_from_the_living(pen, until)
            os.pwrite(pen, _SINCE.pack(time.monotonic()), 0)
            line.close()
            yield


@contextmanager
def _unlocked_after(database: str, name: str) -> Iterator[int]:
    lock = _opened(database, f"{database}-{name}")
    try:
        yield lock
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would not, had a child been made meanwhile
        os.close(lock)


def _opened(database: str, path: str) -> int:
    """Made when it is not there, for whoever may write to the database: root, looking after the
    site by hand, must not leave a file that the site itself cannot open."""
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDWR)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with suppress(FileNotFoundError, PermissionError):
        like = os.stat(database)
        os.fchmod(lock, like.st_mode & 0o666)
        os.fchown(lock, like.st_uid, like.st_gid)
    return lock


def _take_by(until: float, lock: int) -> None:
    """The system's own waiting knows no end, so this one looks, sleeps and looks again."""
    while not _taken(lock):
        if time.monotonic() >= until:
            raise TimeoutError("others were writing all the time")
        time.sleep(LOOKS_EVERY)


def _take_from_the_living(pen: int, until: float | None) -> None:
    """The same of one alone, who is next, and so looks often."""
    began = time.monotonic()
    while not _taken(pen):
        now = time.monotonic()
        if until is not None and now >= until:
            raise TimeoutError("others were writing all the time")
        if now - _writing_since(pen, began) > LONGEST:
            told = sqlite3.OperationalError("database is locked by somebody who does not go on")
            raise OperationalError("BEGIN IMMEDIATE", None, told)
        time.sleep(min(LOOKS_AFTER + (now - began) / 10, LOOKS_EVERY))


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _writing_since(pen: int, began: float) -> float:
    """As they have noted; since we `began` to wait, where nobody has, or before the machine was
    started."""
    noted = os.pread(pen, _SINCE.size, 0)
    since: float = _SINCE.unpack(noted)[0] if len(noted) == _SINCE.size else began
    return min(since, began)
