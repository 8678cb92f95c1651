"""Everything the sandbox knows: JSON documents by kind and id, in memory and in one SQLite file."""

import json
import sqlite3
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from threading import RLock
from typing import Any

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id)
)
"""


class Store:
    """Documents are copied on their way in and out: nobody holds the store's own.

    `lock` makes several reads and writes one act; every method takes it by itself.
    """

    def __init__(self, path: Path | None) -> None:
        self.lock = RLock()
        self._kinds: dict[str, dict[str, Document]] = {}
        self._file = _opened(path) if path else None
        if self._file:
            for kind, id_, body in self._file.execute(
                "SELECT kind, id, body FROM documents ORDER BY seq"
            ):
                self._kinds.setdefault(kind, {})[id_] = json.loads(body)

    def get(self, kind: str, id_: str) -> Document | None:
        with self.lock:
            return deepcopy(self._kinds.get(kind, {}).get(id_))

    def put(self, kind: str, id_: str, document: Document) -> None:
        """Write a new document, or over the old one, which keeps its place in the order."""
        with self.lock:
            self._kinds.setdefault(kind, {})[id_] = deepcopy(document)
            if self._file:
                self._file.execute(
                    "INSERT INTO documents (kind, id, body) VALUES (?, ?, ?) "
                    "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                    (kind, id_, json.dumps(document)),
                )

    def remove(self, kind: str, id_: str) -> None:
        with self.lock:
            self._kinds.get(kind, {}).pop(id_, None)
            if self._file:
                self._file.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id_))

    def find(self, kind: str, wanted: Callable[[Document], bool] | None = None) -> list[Document]:
        """Documents of a kind, oldest first. `wanted` must not change what it is shown."""
        with self.lock:
            documents = self._kinds.get(kind, {}).values()
            return [deepcopy(d) for d in documents if wanted is None or wanted(d)]

    def first(self, kind: str, wanted: Callable[[Document], bool]) -> Document | None:
        with self.lock:
            found = next((d for d in self._kinds.get(kind, {}).values() if wanted(d)), None)
            return deepcopy(found)

    def close(self) -> None:
        with self.lock:
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
