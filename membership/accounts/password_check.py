"""Is this the account's password? One answer, for signing in and wherever it is asked again.

A wrong one is counted against the account, and too many of them close this door for a while.
"""

from membership import clock, journal
from membership.accounts import attempts, hashing, registration
from membership.accounts.models import User
from membership.db import db, transaction
from membership.waits import TooSoon

TOO_MANY = "There were too many tries with a wrong password."


def account_of(email: str, password: str, *, back: str | None = None) -> User | None:
    """The account at this address, when the password is its own; a refusal is committed.

    The answer to an unknown address, a wrong password and a disabled account is the same, and takes
    as long. `back` is a path to offer on the page that asks to wait. Raises TooSoon.
    """
    if wait := attempts.wait(db.session(), email, now=clock.billing_now()):
        raise TooSoon(wait, TOO_MANY, back=back)
    user = registration.find(db.session(), email)
    right = hashing.is_right(user.password_hash if user else None, password)
    if user is not None and right and not user.disabled_at:
        return user
    with transaction() as rows:
        journal.record(rows, attempts.REFUSED, email=email)
    return None
