"""What time it is. Read once at the edge and handed inwards as `now`."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, current_app

Clock = Callable[[], datetime]


def system() -> datetime:
    return datetime.now(UTC)


def init_app(app: Flask, clock: Clock | None) -> None:
    app.extensions["clock"] = clock or system


def now() -> datetime:
    """Real time, aware, in UTC. A test hands `create_app` a clock of its own."""
    clock: Clock = current_app.extensions["clock"]
    return clock()
