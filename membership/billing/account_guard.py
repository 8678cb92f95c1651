"""Which Stripe account our rows are copies of: the key of another one is not used.

In another account our customers do not exist, and its own are not ours: whatever was read there
would be written over what is true, and people would pay into the wrong till.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock
from membership.db import Model, db, transaction

WAY_OUT = "put the right key back, or, if it is meant: flask billing account --accept"


class AnotherAccount(Exception):
    """The key is not of the account that we have copied; `str()` says what to do."""


class CopiedAccount(Model):
    """One row. `stripe_id` is None for a key that may not say of which account it is."""

    __tablename__ = "copied_account"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stripe_id: Mapped[str | None]
    livemode: Mapped[bool]
    since: Mapped[datetime]


def check(stripe_id: str | None, *, livemode: bool) -> None:
    """Raises AnotherAccount. The first account ever asked about is the one we copy.

    No transaction may be open.
    """
    row = db.session.execute(select(CopiedAccount.stripe_id, CopiedAccount.livemode)).first()
    if row is None:
        _remember(stripe_id, livemode)
        return
    if row.livemode is not livemode:
        new, old = ("live", "test") if livemode else ("test", "live")
        raise AnotherAccount(
            f"the key is a {new} key, and what we have copied is of {old} mode; {WAY_OUT}"
        )
    if row.stripe_id and stripe_id and row.stripe_id != stripe_id:
        raise AnotherAccount(
            f"the key is of the account {stripe_id}, and what we have copied is of "
            f"{row.stripe_id}; {WAY_OUT}"
        )


def known() -> CopiedAccount | None:
    """The account that we copy; None before Stripe was first asked."""
    return db.session.get(CopiedAccount, 1)


def accept(session: Session, stripe_id: str | None, *, livemode: bool) -> None:
    """From now on this is the one that we copy: the owner means it."""
    session.merge(CopiedAccount(id=1, stripe_id=stripe_id, livemode=livemode, since=clock.now()))


def _remember(stripe_id: str | None, livemode: bool) -> None:
    try:
        with transaction() as session:
            session.add(
                CopiedAccount(id=1, stripe_id=stripe_id, livemode=livemode, since=clock.now())
            )
    except IntegrityError:
        check(stripe_id, livemode=livemode)  # another process was first
