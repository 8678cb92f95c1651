"""Bcrypt through Flask-Bcrypt: slow on purpose, so only a few run at once in a process.

Long passwords are pre-hashed (BCRYPT_HANDLE_LONG_PASSWORDS): bcrypt alone cuts at 72 bytes.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from membership.db import end_reading
from membership.extensions import bcrypt
from membership.waits import TooSoon

AT_ONCE, IN_ALL = 2, 8  # hashing, and hashing or waiting: the other threads serve readers
_at_once = threading.BoundedSemaphore(AT_ONCE)
_in_all = threading.BoundedSemaphore(IN_ALL)


def hash_password(password: str) -> str:
    end_reading()
    with _turn():
        hashed: bytes = bcrypt.generate_password_hash(password)
    return hashed.decode()


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes as long for an account that does not exist."""
    end_reading()
    with _turn():
        right: bool = bcrypt.check_password_hash(password_hash or _nobodys(), password)
    return right and password_hash is not None


@contextmanager
def _turn() -> Iterator[None]:
    """Raises TooSoon rather than let people queue without end."""
    if not _in_all.acquire(blocking=False):
        raise TooSoon(5, "Many people are signing in at this moment.")
    try:
        with _at_once:
            yield
    finally:
        _in_all.release()


@cache
def _nobodys() -> str:
    hashed: bytes = bcrypt.generate_password_hash("nobody has this password")
    return hashed.decode()
