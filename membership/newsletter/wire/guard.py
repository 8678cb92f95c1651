"""The time that one call may take as a whole."""

import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Self

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Guard:
    """Ends a call that takes too long as a whole, by hanging up: libraries bound each wait alone,
    and a byte a second could hold us for hours."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.over = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._token = _guard.set(self)
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _guard.reset(self._token)
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets = []

    def watch(self, connected: socket.socket) -> None:
        with self._lock:  # a second handle: TLS takes the first one over
            self._sockets.append(connected.dup())
        if self.over:
            self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            self.over = True
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


_guard: ContextVar[Guard] = ContextVar("guard")


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _guard.get().watch(connected)
        return connected


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _guard.get().watch(connected)
        return connected


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _PlainPool, "https": _SecurePool}
