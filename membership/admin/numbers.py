"""A few numbers about the whole site: each is read off an index, however many members there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from membership.accounts.models import User
from membership.billing import plans
from membership.billing.grants import live
from membership.billing.models import Grant, Payment, Subscription
from membership.db import db

MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Numbers:
    """`lapsed`: whose access ran out in the last 30 days, and who has none now. `taken_today`: what
    was paid since midnight, UTC, less what was given back of it, an amount for each currency."""

    members: int
    paying: int
    trying: int
    overdue: int
    lapsed: int
    payments_today: int
    taken_today: Sequence[str]


def read(now: datetime) -> Numbers:
    by_status = _subscriptions()
    payments, taken = _payments_since(now.replace(hour=0, minute=0, second=0, microsecond=0))
    return Numbers(
        members=db.session.scalar(select(func.count()).select_from(User)) or 0,
        paying=by_status.get("active", 0),
        trying=by_status.get("trialing", 0),
        overdue=by_status.get("past_due", 0) + by_status.get("unpaid", 0),
        lapsed=_lapsed(now),
        payments_today=payments,
        taken_today=taken,
    )


def _subscriptions() -> dict[str, int]:
    wanted = ("active", "trialing", "past_due", "unpaid")
    counted = (
        select(Subscription.status, func.count())
        .where(Subscription.status.in_(wanted))
        .group_by(Subscription.status)
    )
    return {row[0]: row[1] for row in db.session.execute(counted)}


def _lapsed(now: datetime) -> int:
    over = aliased(Grant)
    has_access = select(Grant.id).where(Grant.user_id == over.user_id, live(now)).exists()
    ended = select(func.count(over.user_id.distinct())).where(
        over.noticed_at > now - MONTH, ~has_access
    )
    return db.session.scalar(ended) or 0


def _payments_since(midnight: datetime) -> tuple[int, list[str]]:
    left = func.sum(Payment.amount - Payment.amount_refunded)
    rows = db.session.execute(
        select(Payment.currency, func.count(), left)
        .where(Payment.paid_at >= midnight)
        .group_by(Payment.currency)
        .order_by(func.count().desc(), Payment.currency)
    ).all()
    count = sum(row[1] for row in rows)
    return count, [plans.amount(int(row[2]), row[0]) for row in rows]
