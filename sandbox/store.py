"""Everything the sandbox knows: JSON documents by kind and id, in memory and in one SQLite file."""

import json
import marshal
import sqlite3
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from threading import Condition, RLock
from typing import Any, TypeVar, cast

from sandbox import shelf
from sandbox.shelf import Hour, Shelf

Document = shelf.Document
Wanted = Callable[[Document], bool]
Copied = TypeVar("Copied")

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""


class Acts:
    """A reentrant lock: one act at a time, and `done` is called when it ends.

    What a `Condition` asks of a lock is here as well: to wait ends the act for the time being.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        self._lock: Any = RLock()
        self._depth = 0
        self._done = done

    def condition(self) -> Condition:
        """To wait, between acts, for what another thread does in one of its own."""
        return Condition(self)  # type: ignore[arg-type]  # it has all that this asks of a lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        got = bool(self._lock.acquire(blocking, timeout))
        self._depth += got
        return got

    def release(self) -> None:
        if self._depth == 1:
            self._done()
        self._depth -= 1
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _is_owned(self) -> bool:
        return bool(self._lock._is_owned())

    def _release_save(self) -> tuple[int, Any]:
        self._done()
        depth, self._depth = self._depth, 0
        return depth, self._lock._release_save()

    def _acquire_restore(self, kept: tuple[int, Any]) -> None:
        depth, state = kept
        self._lock._acquire_restore(state)
        self._depth = depth


class Store:
    """Documents are copied on their way in and out: nobody holds the store's own.

    `lock` makes several reads and writes one act; every method takes it by itself. An act is in the
    file whole or not at all, whenever the process is killed.
    """

    def __init__(self, path: Path | None) -> None:
        self.lock = Acts(self._commit)
        self._kinds: dict[str, Shelf] = {}
        self._file = _opened(path) if path else None
        if self._file:
            for kind, id_, body in self._file.execute(
                "SELECT kind, id, body FROM documents ORDER BY seq"
            ):
                self._shelf(kind).put(id_, json.loads(body))

    def _shelf(self, kind: str) -> Shelf:
        if kind not in self._kinds:
            self._kinds[kind] = Shelf()
        return self._kinds[kind]

    def get(self, kind: str, id_: str) -> Document | None:
        with self.lock:
            return copied(self._shelf(kind).documents.get(id_))

    def put(self, kind: str, id_: str, document: Document) -> None:
        """Write a new document, or over the old one, which keeps its place in the order."""
        with self.lock:
            self._shelf(kind).put(id_, copied(document))
            if self._file:
                self._begin(self._file)
                self._file.execute(
                    "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?) "
                    "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                    (kind, id_, json.dumps(document)),
                )

    def remove(self, kind: str, id_: str) -> None:
        with self.lock:
            self._shelf(kind).remove(id_)
            if self._file:
                self._begin(self._file)
                self._file.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id_))

    def find(self, kind: str, wanted: Wanted | None = None) -> list[Document]:
        """Documents of a kind, oldest first. `wanted` must not change what it is shown."""
        with self.lock:
            documents = self._shelf(kind).documents.values()
            return [copied(d) for d in documents if wanted is None or wanted(d)]

    def having(
        self, kind: str, field: str, value: str, wanted: Wanted | None = None
    ) -> list[Document]:
        """The same of those with a text in a field: by an index, made when first asked for."""
        with self.lock:
            documents = self._shelf(kind).having(field, value)
            return [copied(d) for d in documents if wanted is None or wanted(d)]

    def first(self, kind: str, wanted: Wanted) -> Document | None:
        with self.lock:
            found = next((d for d in self._shelf(kind).documents.values() if wanted(d)), None)
            return copied(found)

    def last(self, kind: str, field: str, value: str, wanted: Wanted) -> Document | None:
        """The newest of those with a text in a field that is wanted."""
        with self.lock:
            documents = reversed(self._shelf(kind).having(field, value))
            return copied(next(filter(wanted, documents), None))

    def least(self, kind: str, key: Callable[[Document], int | None]) -> int | None:
        """The smallest of what a key makes of the documents of a kind, Nones left out."""
        with self.lock:
            made = map(key, self._shelf(kind).documents.values())
            return min((value for value in made if value is not None), default=None)

    def beyond(
        self, kind: str, id_: str | None, *, newer: bool, most: int, wanted: Wanted
    ) -> list[Document]:
        """The nearest documents on one side of another (None: of the end), nearest first."""
        with self.lock:
            passing = filter(wanted, self._shelf(kind).beyond(id_, newer=newer))
            return [copied(document) for document in islice(passing, most)]

    def time(self, kind: str, when: Callable[[Document], Hour]) -> None:
        """Tell what says when a document of a kind is due."""
        with self.lock:
            self._shelf(kind).time(when)

    def soonest(self, kind: str, clock: str | None = None) -> tuple[int, Document] | None:
        """The document that is due first by a clock (None: the sandbox's own), and when."""
        with self.lock:
            return copied(self._shelf(kind).soonest(clock))

    def _begin(self, file: sqlite3.Connection) -> None:
        if not file.in_transaction:
            file.execute("BEGIN")

    def _commit(self) -> None:
        if self._file and self._file.in_transaction:
            self._file.execute("COMMIT")

    def close(self) -> None:
        with self.lock:
            self._commit()
            if self._file:
                self._file.close()
                self._file = None


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Used by many threads, one at a time: `lock` sees to that.
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")  # a toy's memory need not survive a power cut
    connection.execute(SCHEMA)
    return connection


def copied(value: Copied) -> Copied:
    """A copy of what JSON can hold; many times as fast as `deepcopy`, which can copy anything."""
    return cast(Copied, marshal.loads(marshal.dumps(cast(Any, value))))  # noqa: S302  # our own
