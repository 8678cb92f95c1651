"""Bcrypt through Flask-Bcrypt: slow on purpose, so one thread of each process does all of it, at a
lower priority than those that answer readers.

Long passwords are pre-hashed (BCRYPT_HANDLE_LONG_PASSWORDS): bcrypt alone cuts at 72 bytes.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from membership import config
from membership.db import end_reading
from membership.extensions import bcrypt
from membership.waits import TooSoon

# Of gunicorn's 24 threads a process: the others go on answering while so many wait for their turn.
IN_ALL = 16
NICE = 10
T = TypeVar("T")


def hash_password(password: str) -> str:
    end_reading()
    hashed: bytes = _in_turn(bcrypt.generate_password_hash, password)
    return hashed.decode()


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes as long for an account that does not exist."""
    end_reading()
    right: bool = _in_turn(bcrypt.check_password_hash, password_hash or _nobodys(), password)
    return right and password_hash is not None


def costs_too_little(password_hash: str) -> bool:
    """Whether it was made before BCRYPT_LOG_ROUNDS was raised."""
    return int(password_hash.split("$")[2]) < config.current().bcrypt_log_rounds


def _in_turn(act: Callable[..., T], *given: str) -> T:
    """Raises TooSoon rather than let people queue without end."""
    if not _queue.places.acquire(blocking=False):
        raise TooSoon(5, "Many people are signing in at this moment.")
    try:
        return _queue.thread.submit(act, *given).result()
    finally:
        _queue.places.release()


def _nobodys() -> str:
    """No password's hash, at the cost of the day: it takes as long to find out."""
    return f"$2b${config.current().bcrypt_log_rounds:02}${'.' * 53}"


def _step_back() -> None:
    """Lower the priority of this thread alone, which only Linux can."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


class _Queue:
    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.places = threading.BoundedSemaphore(IN_ALL)
        self.thread = ThreadPoolExecutor(1, "hashing", initializer=_step_back)


_queue = _Queue()
os.register_at_fork(after_in_child=_queue.begin)  # a thread does not come along
