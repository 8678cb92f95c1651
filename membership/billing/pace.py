"""How fast we call Stripe.

Work in the background takes turns, so many a second. A member's own request takes none, and fits
into what Stripe allows beyond that. When Stripe says that it is too much (429), everybody waits.
"""

import threading
import time
from collections import deque

from flask import Flask, current_app, has_request_context

from membership import config, pace
from membership.db import transaction

WHOM = "stripe"
PEOPLE_WAIT, WORK_WAITS = 1.0, 5.0  # seconds, at most, until Stripe may be called again
STALE = 1.0  # seconds after which a turn that was not used is lost


class Paused(Exception):
    """Stripe has asked for a pause that is too long to wait for."""


class Turns:
    """The turns this process has taken and not used yet: some at a time, to write less often."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine: deque[float] = deque()

    def next(self) -> float:
        """When the caller may call."""
        with self._lock:
            while self._mine and self._mine[0] < time.time() - STALE:
                self._mine.popleft()
            if not self._mine:
                self._mine.extend(_some_more())
            return self._mine.popleft()


def init_app(app: Flask) -> None:
    app.extensions["stripe_pace"] = Turns()


def wait() -> None:
    """Until Stripe may be called. Raises Paused rather than wait for long.

    No transaction may be open.
    """
    closed = pace.closed_for(WHOM, time.time())
    if has_request_context():
        time.sleep(min(closed, PEOPLE_WAIT))
        return
    if closed > WORK_WAITS:
        raise Paused(f"Stripe had too many calls: none before {closed:.0f} seconds have passed")
    turns: Turns = current_app.extensions["stripe_pace"]
    time.sleep(max(closed, turns.next() - time.time(), 0))


def refused() -> None:
    """Stripe said 429: nobody calls for a while."""
    now = time.time()
    with transaction() as session:
        pace.refuse(session, WHOM, now)


def _some_more() -> list[float]:
    """A quarter of a second's turns."""
    per_second = config.current().stripe_calls_per_second
    how_many = max(1, per_second // 4)
    with transaction() as session:
        first = pace.take(session, WHOM, how_many, 1 / per_second, time.time())
    return [first + n / per_second for n in range(how_many)]
