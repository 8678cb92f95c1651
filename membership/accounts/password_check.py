"""Is this the account's password? One answer, for signing in and wherever it is asked again.

Every try is counted against the account, and too many wrong ones close this door for a while; not
to a browser that has been let in before, which has tries of its own.
"""

from contextlib import suppress

from sqlalchemy import update

from membership import clock, journal, limits
from membership.accounts import attempts, devices, hashing, registration
from membership.accounts.models import User
from membership.db import changed, db, transaction
from membership.limits import Tried
from membership.waits import TooSoon


def account_of(email: str, password: str, *, back: str | None = None) -> User | None:
    """The account at this address, when the password is its own; a refusal is committed.

    The answer to an unknown address, a wrong password and a disabled account is the same, and takes
    as long. `back` is a path to offer on the page that asks to wait. Raises TooSoon.
    """
    user = registration.find(db.session(), email)
    password_hash = user.password_hash if user else None
    tried = _count(email, user, back)
    if _is_right(password_hash, password, tried) and user is not None and not user.disabled_at:
        _forgive(tried)
        _raise_cost(user, password)
        return user
    with transaction() as rows:
        journal.record(rows, attempts.REFUSED, email=email)
        if tried.closes:
            journal.record(rows, attempts.CLOSED, email=email)
    return None


def _count(email: str, user: User | None, back: str | None) -> Tried:
    device = devices.known(user.id) if user else None
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


def _raise_cost(user: User, password: str) -> None:
    """A hash from the days of a lower cost is made anew, now that the password is at hand."""
    dated = user.password_hash
    if dated is None or not hashing.costs_too_little(dated):
        return
    with suppress(TooSoon):  # so many are signing in: next time, then
        fresh = hashing.hash_password(password)
        with transaction() as rows:
            theirs = update(User).where(User.id == user.id, User.password_hash == dated)
            changed(rows, theirs.values(password_hash=fresh))


def _forgive(tried: Tried) -> None:
    with transaction() as rows:
        limits.forgive(rows, tried)
