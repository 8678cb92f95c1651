"""Huey's queue, where QUEUE_URL says, with the client library of that one alone.

Huey imports every client it can find. redis and psycopg are 15 MiB and a tenth of a second of every
process; of a site whose queue is a file they would never do anything.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from membership.config import Config

_CLIENTS = ("redis", "psycopg")


@contextmanager
def _held_back() -> Iterator[None]:
    """Python's word for a module that shall seem not to be installed is None."""
    loaded = {name: sys.modules[name] for name in _CLIENTS if name in sys.modules}
    sys.modules.update(dict.fromkeys(_CLIENTS))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in _CLIENTS:
            del sys.modules[name]
        sys.modules.update(loaded)


with _held_back():
    from huey import Huey, crontab, storage
    from huey.serializer import SignedSerializer

EVERY_MINUTE = crontab(minute="*")


def opened(config: Config) -> Huey:
    # Messages are pickles: signed, so that reaching the queue is not running code.
    key = sha256(b"queue:" + config.secret_key.encode()).hexdigest()
    kind, where = _storage(config.queue_url)
    serializer = SignedSerializer(key)
    return Huey("queue", storage_class=kind, results=False, serializer=serializer, **where)


def _storage(url: str) -> tuple[type[storage.BaseStorage], dict[str, object]]:
    if url.startswith("sqlite:///"):
        filename = url.removeprefix("sqlite:///")
        Path(filename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return storage.SqliteStorage, {"filename": filename, "fsync": False}
    if url.startswith("memory://"):
        return storage.MemoryStorage, {}
    if url.startswith("postgresql://"):
        return _with_clients().PostgresStorage, {"dsn": url}
    return _with_clients().RedisStorage, {"url": url}


def _with_clients() -> Any:
    if storage.Redis is None or storage.psycopg is None:
        importlib.reload(storage)
    return storage
