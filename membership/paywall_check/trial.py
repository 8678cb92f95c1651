"""A copy of the site for trying doors: the same code, content and settings, with an empty database
of its own that is thrown away, and nobody it could write to or charge."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from membership import config, logs
from membership.db import db

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there
Changed = Mapping[str, str]  # settings
Build = Callable[[Changed], Flask]


def init_app(app: Flask, build: Build) -> None:
    """`build` makes the application once more, with these settings changed."""
    app.extensions["trial"] = build


@contextmanager
def site(build: Build) -> Iterator[Flask]:
    """The copy, as it is in production; the caller must be inside the original's context."""
    with tempfile.TemporaryDirectory() as folder:
        trial = build(_alone(Path(folder) / "trial.db"))
        trial.debug = False
        try:
            with trial.app_context():
                db.create_all()
            yield trial
        finally:
            with trial.app_context():
                db.engine.dispose()
            logs.configure(config.current())  # the copy had them silent


def _alone(database: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "QUEUE_URL": "memory://",
        "RATELIMIT_ENABLED": "false",
        "RATELIMIT_STORAGE_URI": "memory://",
        "BCRYPT_LOG_ROUNDS": "4",
        "TRUSTED_PROXIES": "0",
        "STRIPE_SECRET_KEY": "sk_test_nobody",
        "STRIPE_WEBHOOK_SECRET": "",
        "STRIPE_API_BASE": f"{NOBODY}/stripe",
        "MAILERLITE_API_KEY": "",
        "MAILERLITE_WEBHOOK_SECRET": "",
        "MAILERLITE_API_BASE": f"{NOBODY}/mailerlite",
        "CODE_DELIVERY": "smtp",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": "9",
        "MAIL_USERNAME": "",
        "MAIL_PASSWORD": "",
        "SANDBOX_CLOCK": "",
        "LOG_LEVEL": "CRITICAL",
    }
