"""Is this the account's password? One answer, for signing in and wherever it is asked again.

Every try is counted against the account, and too many wrong ones close this door for a while; not
to a browser that has been let in before, which has tries of its own.
"""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from membership import clock, journal, limits
from membership.accounts import attempts, devices, hashing, registration
from membership.accounts.models import User
from membership.db import changed, db, transaction
from membership.limits import Tried
from membership.waits import TooSoon


@dataclass(frozen=True)
class Passed:
    """Whose password it was, and the hash it fitted: by the time somebody acts on that, it may be
    another one."""

    user_id: int
    password_hash: str


def account_of(email: str, password: str, *, back: str | None = None) -> Passed | None:
    """The account at this address, when the password is its own; a refusal is committed.

    The answer to an unknown address, a wrong password and a disabled account is the same, and takes
    as long. `back` is a path to offer on the page that asks to wait. Raises TooSoon.
    """
    user = registration.find(db.session(), email)
    user_id = user.id if user else None
    password_hash = user.password_hash if user and not user.disabled_at else None
    tried = _count(email, user, back)
    if _is_right(password_hash, password, tried) and user_id and password_hash:
        _forgive(tried)
        return Passed(user_id, _raised(user_id, password_hash, password))
    with transaction() as rows:
        journal.record(rows, attempts.REFUSED, user_id=user_id, email=email)
        if tried.closes:
            journal.record(rows, attempts.CLOSED, user_id=user_id, email=email)
    return None


def still(rows: Session, passed: Passed) -> User | None:
    """The account, locked, if that is its password even now and it has not been shut."""
    user = rows.get(User, passed.user_id, with_for_update=True, populate_existing=True)
    if user is None or user.disabled_at or user.password_hash != passed.password_hash:
        return None
    return user


def _count(email: str, user: User | None, back: str | None) -> Tried:
    device = devices.known(user) if user else None
    with transaction() as rows:
        return limits.knock(
            rows, attempts.PASSWORD, account=email, device=device, now=clock.now(), back=back
        )


def _is_right(password_hash: str | None, password: str, tried: Tried) -> bool:
    try:
        return hashing.is_right(password_hash, password)
    except TooSoon:  # so many are signing in that this one was not looked at
        _forgive(tried)
        raise


def _raised(user_id: int, dated: str, password: str) -> str:
    """A hash from the days of a lower cost is made anew, now that the password is at hand; the one
    that the account has then."""
    if not hashing.costs_too_little(dated):
        return dated
    with suppress(TooSoon):  # so many are signing in: next time, then
        fresh = hashing.hash_password(password)
        with transaction() as rows:
            theirs = update(User).where(User.id == user_id, User.password_hash == dated)
            if changed(rows, theirs.values(password_hash=fresh)):
                return fresh
    return dated


def _forgive(tried: Tried) -> None:
    with transaction() as rows:
        limits.forgive(rows, tried)
