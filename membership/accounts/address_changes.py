"""What addresses a member had, and when each became another."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Model
from membership.due import Due


class AddressChange(Due, Model):
    """A member's address was one and became another: both were proven.

    Due while Stripe may have the one before. `at` is billing's time, as payments' are; `undo_until`
    is real.
    """

    __tablename__ = "address_changes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    was: Mapped[str] = mapped_column(index=True)
    became: Mapped[str]
    at: Mapped[datetime]
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]


def of_member(session: Session, user_id: int) -> Sequence[AddressChange]:
    """The oldest first."""
    theirs = select(AddressChange).where(AddressChange.user_id == user_id)
    return session.scalars(theirs.order_by(AddressChange.id)).all()


def holders(session: Session, emails: Iterable[str], *, at: datetime) -> set[int]:
    """Ids of the members who had one of these addresses then, and moved on since."""
    moved_on = select(AddressChange.user_id).where(
        AddressChange.was.in_(list(emails)),
        AddressChange.at >= at,
        AddressChange.undone_at.is_(None),
    )
    return set(session.scalars(moved_on))
