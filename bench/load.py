"""Callers that ask as fast as they are answered, on kept-alive connections."""

import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Measured:
    """What a burst came to: answers a second, and milliseconds to an answer."""

    per_second: float
    p50: float
    p99: float
    errors: int


def burst(port: int, asks: Iterator[Ask], *, callers: int, count: int) -> Measured:
    """`count` requests by so many callers at once."""
    shares = [list(islice(asks, count // callers)) for _ in range(callers)]
    times: list[float] = []
    errors: list[int] = []
    threads = [
        threading.Thread(target=_call, args=(port, share, times, errors)) for share in shares
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    times.sort()
    return Measured(
        per_second=len(times) / took,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        errors=len(errors),
    )


def _call(port: int, share: list[Ask], times: list[float], errors: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for ask in share:
        began = time.perf_counter()
        connection.request(ask.method, ask.path, ask.body, ask.headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        if answer.status != 200:
            errors.append(answer.status)
    connection.close()
