"""What time it is. Read once at the edge and handed inwards as `now`.

Two clocks: `now` is real, for sessions, codes, limits, signatures and schedules. `billing_now` is
what Stripe's dates are compared with: the same, except while a developer moves the sandbox's clock.
The journal goes by `billing_now`, so that a story reads in its order; so does what counts in it.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, current_app

from membership import config

Clock = Callable[[], datetime]


def system() -> datetime:
    return datetime.now(UTC)


def init_app(app: Flask, clock: Clock | None) -> None:
    app.extensions["clock"] = clock or system


def now() -> datetime:
    """Real time, aware, in UTC. A test hands `create_app` a clock of its own."""
    clock: Clock = current_app.extensions["clock"]
    return clock()


def billing_now() -> datetime:
    """The time by which subscriptions, periods and grants are judged."""
    moved = config.current().sandbox_clock
    return now() + _ahead(moved) if moved else now()


def _ahead(sandbox_clock: Path) -> timedelta:
    """How far the sandbox's clock has been moved on; its file says {"ahead": seconds}."""
    if not sandbox_clock.exists():
        return timedelta()
    return timedelta(seconds=json.loads(sandbox_clock.read_text())["ahead"])
