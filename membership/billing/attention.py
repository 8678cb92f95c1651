"""What the owner should look at: payments that are nobody's, and members who pay twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership import journal
from membership.accounts.models import User
from membership.billing.entitlements import ENDED
from membership.billing.models import Customer, Subscription, UnclaimedPayment
from membership.db import db
from membership.journal import Entry

TWICE = "billing.two_subscriptions"
MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Unclaimed:
    """A payment that is nobody's. `candidates` are addresses of members it might be: a hint."""

    key: str
    email: str | None
    reason: str
    found_at: datetime
    payer_told_at: datetime | None
    candidates: Sequence[str]


@dataclass(frozen=True)
class PaysTwice:
    """A member with more than one subscription that has not ended."""

    email: str
    subscriptions: Sequence[str]


def unclaimed() -> list[Unclaimed]:
    """Every payment that has not found its member, the longest waiting first."""
    rows = db.session.scalars(
        select(UnclaimedPayment)
        .where(UnclaimedPayment.settled_at.is_(None))
        .order_by(UnclaimedPayment.found_at, UnclaimedPayment.key)
    ).all()
    return [
        Unclaimed(row.key, row.email, row.reason, row.found_at, row.told_at, _candidates(row.email))
        for row in rows
    ]


def pays_twice() -> list[PaysTwice]:
    """Members with two subscriptions or more: one of them is probably a mistake."""
    several = (
        _live(Customer.user_id)
        .where(Customer.user_id.is_not(None))
        .group_by(Customer.user_id)
        .having(func.count() > 1)
    )
    members = select(User.id, User.email).where(User.id.in_(several)).order_by(User.email)
    return [
        PaysTwice(email, _subscriptions(db.session(), user_id))
        for user_id, email in db.session.execute(members).all()
    ]


def notice_two_subscriptions(session: Session, user_id: int | None) -> None:
    """Journal, once for the same ones, that a member has more than one that has not ended."""
    ids = _subscriptions(session, user_id) if user_id is not None else []
    if len(ids) < 2:
        return
    said = select(Entry.detail).where(Entry.kind == TWICE, Entry.user_id == user_id)
    if not any(detail.get("subscriptions") == ids for detail in session.scalars(said)):
        journal.record(session, TWICE, user_id=user_id, subscriptions=ids)


def _live(column: InstrumentedAttribute[Any]) -> Select[Any]:
    """This column, of subscriptions that have not ended."""
    joined = (
        select(column)
        .select_from(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
    )
    return joined.where(Subscription.status.not_in(ENDED))


def _subscriptions(session: Session, user_id: int) -> list[str]:
    mine = _live(Subscription.stripe_id).where(Customer.user_id == user_id)
    return list(session.scalars(mine.order_by(Subscription.stripe_id)))


def _candidates(email: str | None) -> list[str]:
    """Members whose address begins like this one, whatever stands after a plus or the at sign."""
    if not email:
        return []
    name = email.partition("@")[0].partition("+")[0]
    alike = or_(*(User.email.startswith(name + sign, autoescape=True) for sign in "@+"))
    rows = select(User.email).where(alike).order_by(User.email).limit(MOST_CANDIDATES)
    return list(db.session.scalars(rows))
