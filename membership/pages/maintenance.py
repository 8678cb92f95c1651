"""Closed for a while: as long as there is a file `instance/maintenance`, everybody is told so.

Webhooks are refused too. Stripe and MailerLite send them again, so a database that is being moved
meets nothing that would be lost.
"""

import os.path

from flask import Flask, request
from werkzeug.exceptions import ServiceUnavailable

OPEN = ("static", "theme.icon", "health.healthz")
TRY_AGAIN_IN = 300  # seconds
WORDS = "The site is being worked on. Nothing you have is lost; come back in a few minutes."


def init_app(app: Flask) -> None:
    @app.before_request
    def close() -> None:
        if request.endpoint not in OPEN and os.path.exists(
            os.path.join(app.instance_path, "maintenance")
        ):
            raise ServiceUnavailable(WORDS, retry_after=TRY_AGAIN_IN)
