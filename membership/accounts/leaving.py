"""Nothing of an account stays when its member leaves."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.accounts.address_changes import AddressChange
from membership.accounts.feed_keys import FeedKey
from membership.accounts.models import PasswordReset, SignIn, User
from membership.db import changed


def not_others(session: Session, user_id: int, emails: Iterable[str]) -> set[str]:
    """Of these addresses those that no other account has."""
    wanted = set(emails)
    others = select(User.email).where(User.email.in_(wanted), User.id != user_id)
    return wanted - set(session.scalars(others))


def forget(session: Session, user: User) -> None:
    for model in (SignIn, AddressChange, FeedKey, PasswordReset):
        changed(session, delete(model).where(model.user_id == user.id))
    session.delete(user)
    session.flush()
