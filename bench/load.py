"""Callers that ask as fast as they are answered, on kept-alive connections.

One thread plays them all, with the bytes made beforehand, so that what is measured is the server
and not its visitors.
"""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

OK = b" 200 "


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    def raw(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1:8000"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass(frozen=True)
class Measured:
    """What a burst came to: answers a second, and milliseconds to an answer."""

    per_second: float
    p50: float
    p99: float
    slowest: float
    errors: int


@dataclass
class _Caller:
    connection: socket.socket
    began: float = 0.0
    answer: bytearray = field(default_factory=bytearray)

    def ask(self, raw: bytes) -> None:
        self.answer.clear()
        self.began = time.perf_counter()
        self.connection.sendall(raw)

    def is_answered(self) -> bool:
        """Takes in what has come; raises when the server hangs up."""
        came = self.connection.recv(65536)
        if not came:
            raise ConnectionError("the server hung up")
        self.answer += came
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end:
            return False
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return len(body) >= int(length)


def burst(port: int, asks: Iterator[Ask], *, callers: int, count: int) -> Measured:
    """`count` requests by so many callers at once."""
    raw = [ask.raw() for ask in islice(asks, count)]
    began = time.perf_counter()
    times, errors = _call(port, iter(raw), callers)
    return measured(times, errors, took=time.perf_counter() - began)


def measured(times: list[float], errors: int, *, took: float) -> Measured:
    """Of these seconds to an answer."""
    times = sorted(times)
    return Measured(
        per_second=len(times) / took,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        slowest=times[-1] * 1000,
        errors=errors,
    )


def _call(port: int, raw: Iterable[bytes], callers: int) -> tuple[list[float], int]:
    left, times, errors = iter(raw), [], 0
    with selectors.DefaultSelector() as selector:
        for one in islice(left, callers):
            caller = _Caller(socket.create_connection(("127.0.0.1", port), timeout=60))
            selector.register(caller.connection, selectors.EVENT_READ, caller)
            caller.ask(one)
        while selector.get_map():
            for key, _ in selector.select():
                caller = key.data
                if not caller.is_answered():
                    continue
                times.append(time.perf_counter() - caller.began)
                errors += OK not in caller.answer[:16]
                if (following := next(left, None)) is not None:
                    caller.ask(following)
                else:
                    selector.unregister(caller.connection)
                    caller.connection.close()
    return times, errors
