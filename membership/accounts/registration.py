"""Open an account for somebody who has proven their address."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import journal
from membership.accounts.models import User
from membership.newsletter import signup


class EmailTaken(Exception):
    """There is an account at this address already."""


def register(
    session: Session, email: str, password_hash: str, *, letters: bool = True, now: datetime
) -> User:
    """A new account; the address is on the newsletter too, if `letters` were asked for.

    Raises EmailTaken.
    """
    user = User(email=email, password_hash=password_hash, created_at=now)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise EmailTaken(email) from error
    signup.confirm(session, email, letters=letters, now=now).has_account = True
    journal.record(session, "account.opened", user_id=user.id, email=email)
    return user


def find(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(User.email == email)).first()


def make_owner(session: Session, user: User) -> None:
    user.is_owner = True
    journal.record(session, "owner.added", user_id=user.id, email=user.email)


def unmake_owner(session: Session, user: User) -> None:
    user.is_owner = False
    journal.record(session, "owner.removed", user_id=user.id, email=user.email)
