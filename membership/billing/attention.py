"""What the owner should look at: payments that are nobody's, and members who pay twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership import journal
from membership.accounts.models import User
from membership.billing import candidates
from membership.billing.candidates import Candidate
from membership.billing.entitlements import ENDED, NEVER_BEGAN
from membership.billing.models import Customer, Subscription, UnclaimedPayment
from membership.billing.unclaimed import Reason
from membership.db import db
from membership.journal import Entry

TWICE = "billing.two_subscriptions"


@dataclass(frozen=True)
class Unclaimed:
    """A payment that is nobody's. `candidates` are members who may have made it: a hint."""

    key: str
    email: str | None
    reason: str
    found_at: datetime
    payer_told_at: datetime | None
    candidates: Sequence[Candidate]


@dataclass(frozen=True)
class PaysTwice:
    """A member with more than one subscription that has not ended."""

    user_id: int
    email: str
    subscriptions: Sequence[str]


def unclaimed(
    *, left_alone: bool | None = None, after: str | None = None, most: int | None = None
) -> list[Unclaimed]:
    """Payments that have not found their member, the longest waiting first.

    `left_alone`: only those of which the owner said so, or only the others. `after` is the key of
    the one to go on from.
    """
    wanted = select(UnclaimedPayment).where(UnclaimedPayment.settled_at.is_(None))
    if left_alone is not None:
        by_owner = UnclaimedPayment.reason == Reason.OWNER
        wanted = wanted.where(by_owner if left_alone else ~by_owner)
    if after and (last := db.session.get(UnclaimedPayment, after)):
        place = tuple_(UnclaimedPayment.found_at, UnclaimedPayment.key)
        wanted = wanted.where(place > (last.found_at, last.key))
    rows = db.session.scalars(
        wanted.order_by(UnclaimedPayment.found_at, UnclaimedPayment.key).limit(most)
    ).all()
    perhaps = candidates.of(db.session(), rows)
    return [
        Unclaimed(row.key, row.email, row.reason, row.found_at, row.told_at, perhaps[row.key])
        for row in rows
    ]


def pays_twice() -> list[PaysTwice]:
    """Members with two subscriptions or more: one of them is probably a mistake."""
    noticed = select(Entry.user_id).where(Entry.kind == TWICE)
    several = (
        _live(Customer.user_id)
        .where(Customer.user_id.in_(noticed))  # by the journal: nobody else's are gone through
        .group_by(Customer.user_id)
        .having(func.count() > 1)
    )
    theirs = (
        _live(Subscription.stripe_id)
        .join(User, User.id == Customer.user_id)
        .add_columns(User.id, User.email)
        .where(User.id.in_(several))
        .order_by(User.email, Subscription.stripe_id)
    )
    rows = db.session.execute(theirs).all()
    return [
        PaysTwice(user_id, email, [row[0] for row in having])
        for (user_id, email), having in groupby(rows, key=itemgetter(1, 2))
    ]


def notice_two_subscriptions(session: Session, user_id: int | None) -> None:
    """Journal, once for the same ones, that a member has more than one that has not ended."""
    ids = subscriptions_of(session, user_id) if user_id is not None else []
    if len(ids) < 2:
        return
    said = select(Entry.detail).where(Entry.kind == TWICE, Entry.user_id == user_id)
    if not any(detail.get("subscriptions") == ids for detail in session.scalars(said)):
        journal.record(session, TWICE, user_id=user_id, subscriptions=ids)


def _live(column: InstrumentedAttribute[Any]) -> Select[Any]:
    """This column, of subscriptions that have begun and not ended."""
    joined = (
        select(column)
        .select_from(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
    )
    return joined.where(Subscription.status.not_in((*ENDED, *NEVER_BEGAN)))


def subscriptions_of(session: Session, user_id: int) -> list[str]:
    """Ids of a member's subscriptions that have begun and not ended."""
    mine = _live(Subscription.stripe_id).where(Customer.user_id == user_id)
    return list(session.scalars(mine.order_by(Subscription.stripe_id)))
