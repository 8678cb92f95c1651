"""Shut an account, and open it again. Its payments go on: ending those is for Stripe's page."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import journal
from membership.accounts import sessions
from membership.accounts.models import User


def disable(rows: Session, user: User, *, now: datetime) -> None:
    """Nobody gets in, and whoever is in is out. Harmless when it is shut already."""
    if user.disabled_at:
        return
    user.disabled_at = now
    sessions.end_all(rows, user.id, now=now)
    journal.record(rows, "account.disabled", user_id=user.id, email=user.email)


def enable(rows: Session, user: User) -> None:
    """Its password opens it again. Harmless when it is open."""
    if user.disabled_at is None:
        return
    user.disabled_at = None
    journal.record(rows, "account.enabled", user_id=user.id, email=user.email)
