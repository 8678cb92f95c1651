"""Group commit: what several threads of a process want written at one moment is one transaction.

A commit waits for the disk, and costs the same for one row as for ten. So whoever comes while
another is writing waits, and the first of those who wait writes for all of them. Alone, one is
served at once; nobody returns before their own row is committed; and there is no thread of its own
to start, to stop or to lose in a fork.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError

Item = TypeVar("Item")


class NotCommitted(Exception):
    """It was not written; the cause says why."""


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass
class _Waiting(Generic[Item]):
    item: Item
    called: threading.Lock = field(default_factory=_locked)  # released when there is news for it
    settled: bool = False
    committed: bool = False
    error: Exception | None = None


class GroupCommit(Generic[Item]):
    """`write` stores all it is given in one transaction, or raises and stores nothing."""

    def __init__(self, write: Callable[[list[Item]], object]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._line: list[_Waiting[Item]] = []
        self._writing = False

    def commit(self, item: Item) -> None:
        """Returns when the item is committed. Raises NotCommitted."""
        me = _Waiting(item)
        with self._lock:
            self._line.append(me)
            at_once, self._writing = not self._writing, True
        if not at_once:
            me.called.acquire()
        if not me.settled:
            self._write_for_all()
        if not me.committed:
            raise NotCommitted from me.error

    def _write_for_all(self) -> None:
        with self._lock:
            together, self._line = self._line, []
        try:
            self._settle(together)
        finally:
            for one in together:
                one.settled = True
                one.called.release()
            self._call_next()

    def _settle(self, together: list[_Waiting[Item]]) -> None:
        try:
            self._write([one.item for one in together])
        except OperationalError as error:  # the database is away, for all alike
            for one in together:
                one.error = error
        except Exception as error:  # noqa: BLE001 - one bad item must not take the others down
            if len(together) == 1:
                together[0].error = error
                return
            for one in together:
                self._settle([one])
        else:
            for one in together:
                one.committed = True

    def _call_next(self) -> None:
        with self._lock:
            if self._line:
                self._line[0].called.release()
            else:
                self._writing = False
