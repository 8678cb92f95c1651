"""Ada pays, Grace has an account and pays nothing, Edsger's time is over."""

from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Flask

from membership import clock
from membership.accounts import hashing, registration
from membership.billing.entitlements import Source
from membership.billing.models import Grant
from membership.db import transaction
from tests.support.browser import Browser

ADA = "ada@example.com"
GRACE = "grace@example.com"
EDSGER = "edsger@example.com"
OLIVE = "olive@example.com"  # the owner
PASSWORD = "a lamp between two chestnuts"
MONTH = timedelta(days=30)


def opens_account(app: Flask, email: str) -> int:
    """An account with PASSWORD at a proven address; its user's id."""
    with app.app_context():
        password_hash = hashing.hash_password(PASSWORD)
        with transaction() as session:
            user = registration.register(session, email, password_hash, now=clock.now())
        return user.id


def is_granted(
    app: Flask, user_id: int, feature: str = "premium", *, ends_at: datetime | None
) -> None:
    """Leave to use the feature, begun a month before it ends (or now, when it does not)."""
    with app.app_context(), transaction() as session:
        session.add(
            Grant(
                user_id=user_id,
                feature=feature,
                source=Source.COMP,
                source_ref=f"test-{user_id}",
                starts_at=ends_at - MONTH if ends_at else clock.now(),
                ends_at=ends_at,
                reason="a gift",
            )
        )


def signs_in(browser: Browser, email: str) -> Browser:
    """Through the form, with PASSWORD; the same browser."""
    answer = browser.submit("/login", action="/login", email=email, password=PASSWORD)
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
    return browser
