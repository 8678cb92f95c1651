"""A new password for whoever reads the account's mail: ask for a link, and use it."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership import config, journal, keyed, limits, outbox
from membership.accounts import attempts, devices, password_setting, registration
from membership.accounts.models import PasswordReset, User
from membership.db import changed

LIFETIME = timedelta(hours=1)
LETTER, NO_ACCOUNT_LETTER = "password_reset", "no_account"


def ask(rows: Session, email: str, *, now: datetime) -> None:
    """Mail this address a link, or that there is no account here. Raises TooSoon.

    Alike in everything that an onlooker could see or measure.
    """
    user = registration.find(rows, email)
    device = devices.known(user) if user else None
    limits.knock(rows, attempts.RESET, account=email, device=device, now=now)
    journal.record(rows, "password.reset_asked", user_id=user.id if user else None, email=email)
    if user is None or user.disabled_at:
        outbox.send_later(rows, NO_ACCOUNT_LETTER, email)
        return
    outbox.send_later(rows, LETTER, email, token_hash=_issue(rows, user, now))


def holder(rows: Session, token: str, *, now: datetime) -> User | None:
    """Whose link this is, while it can be used. Looking at it spends nothing."""
    theirs = (
        select(User)
        .join(PasswordReset, PasswordReset.user_id == User.id)
        .where(
            PasswordReset.token_hash == keyed.hash_token(token),
            PasswordReset.expires_at > now,
            User.disabled_at.is_(None),
        )
    )
    return rows.scalars(theirs).first()


def use(rows: Session, token: str, password_hash: str, *, now: datetime) -> tuple[User, str] | None:
    """Spend the link: the account has this password now. None when it could not be used any more.

    Returns the account, and the token of a session for this browser.
    """
    user = holder(rows, token, now=now)
    if user:  # whatever else is done to the account at this moment comes before, or after
        rows.refresh(user, with_for_update=True)
    spent = delete(PasswordReset).where(PasswordReset.token_hash == keyed.hash_token(token))
    if user is None or not changed(rows, spent):  # or somebody was quicker
        return None
    journal.record(rows, "password.reset", user_id=user.id, email=user.email)
    return user, password_setting.replace(rows, user, password_hash, now=now)


def token_of(reset: PasswordReset) -> str | None:
    """The token to put into the mail; None when no key of ours makes it any more."""
    for key in config.current().keys:
        token = _derive(key, reset.nonce)
        if keyed.hash_token(token) == reset.token_hash:
            return token
    return None


def _issue(rows: Session, user: User, now: datetime) -> str:
    """A fresh link, in the place of one there was; the hash of its token."""
    rows.refresh(user, with_for_update=True)  # asks at once come one by one
    reset = rows.get(PasswordReset, user.id) or PasswordReset(user_id=user.id)
    reset.nonce = secrets.token_hex(16)
    reset.token_hash = keyed.hash_token(_derive(config.current().secret_key, reset.nonce))
    reset.created_at, reset.expires_at = now, now + LIFETIME
    rows.add(reset)
    return reset.token_hash


def _derive(secret_key: str, nonce: str) -> str:
    return keyed.token(secret_key, "password reset", nonce)
