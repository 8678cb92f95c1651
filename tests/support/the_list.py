"""Readers of ours, and the list at MailerLite, for the tests of how they are kept alike."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Flask

from membership.db import db, transaction
from membership.newsletter import signup, subscribers
from membership.newsletter.mailing_list import sync
from membership.newsletter.models import Subscriber
from sandbox.server import Sandbox
from tests.support.mailerlite_has import listed

PLANS = {"Free", "Paid", "Lapsed"}


def joins(app: Flask, *emails: str, now: datetime) -> None:
    """They have proven their addresses, and want the letters."""
    with app.app_context(), transaction() as session:
        for email in emails:
            signup.confirm(session, email, letters=True, now=now)


def row(app: Flask, email: str) -> Subscriber:
    with app.app_context():
        found = subscribers.find(db.session(), email)
        assert found, f"there is no row of {email}"
        return found


def changes(app: Flask, act: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """One change of ours, as an edge makes it."""
    with app.app_context(), transaction() as session:
        act(session, *args, **kwargs)


def syncs(app: Flask) -> None:
    """The worker's sync, once."""
    with app.app_context():
        sync.drain()


def plan_groups(sandbox: Sandbox, email: str) -> set[str]:
    there = listed(sandbox, email)
    return there.groups & PLANS if there else set()


def emails(how_many: int) -> list[str]:
    return [f"reader{n}@example.com" for n in range(how_many)]
