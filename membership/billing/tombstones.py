"""Payers whose member has said goodbye: nothing of theirs is kept, or given to anybody, again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Model


class Tombstone(Model):
    """`key` is the customer, or the guest's Checkout Session."""

    __tablename__ = "tombstones"
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


def stands(session: Session, key: str | None) -> bool:
    """Whether this payer has left."""
    return key is not None and session.get(Tombstone, key) is not None


def among(session: Session, keys: Iterable[str]) -> set[str]:
    """Which of these payers have left."""
    return set(session.scalars(select(Tombstone.key).where(Tombstone.key.in_(list(keys)))))


def put_up(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    session.add_all(Tombstone(key=key, at=now) for key in keys)
