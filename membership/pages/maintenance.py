"""Closed for a while: as long as there is a file `instance/maintenance`, everybody is told so.

Webhooks are refused too. Stripe and MailerLite send them again, so a database that is being moved
meets nothing that would be lost.
"""

import os.path
from datetime import datetime, timedelta

from flask import Flask, request
from werkzeug.exceptions import ServiceUnavailable

from membership import clock

OPEN = ("static", "theme.icon", "health.healthz")
LOOKS_EVERY = timedelta(seconds=1)
TRY_AGAIN_IN = 300  # seconds
WORDS = "The site is being worked on. Nothing you have is lost; come back in a few minutes."


def init_app(app: Flask) -> None:
    sign = _Sign(app)

    @app.before_request
    def close() -> None:
        if request.endpoint not in OPEN and sign.is_up():
            raise ServiceUnavailable(WORDS, retry_after=TRY_AGAIN_IN)


class _Sign:
    """Not looked for at each request: to ask the disk, a thread lets all others go first."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._looked_at: datetime | None = None
        self._was_up = False

    def is_up(self) -> bool:
        now = clock.now()
        if self._looked_at is None or abs(now - self._looked_at) >= LOOKS_EVERY:
            self._was_up = os.path.exists(os.path.join(self._app.instance_path, "maintenance"))
            self._looked_at = now
        return self._was_up
