"""Why may this person read that, or not? The ledger's rows for `verdicts`, the journal beside."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import config
from membership.billing import facts, holdings
from membership.billing.dates import day
from membership.billing.entitlements import Source
from membership.billing.explain import timeline
from membership.billing.explain.timeline import Day
from membership.billing.explain.verdicts import Held, Verdict, verdicts
from membership.billing.models import Checkout, Grant, Product, Subscription
from membership.db import db

NOTHING = "Nothing has been bought with this account, and nothing given to it."


@dataclass(frozen=True)
class Explanation:
    """`verdicts` has one for each feature that was ever theirs; `unpaid` a sentence for whatever
    was ordered and has not been paid; `days` what happened, in order."""

    verdicts: list[Verdict]
    unpaid: list[str]
    days: list[Day]


def explain(user_id: int, email: str, *, now: datetime, newest: int | None = None) -> Explanation:
    """The member's own: with the `newest` entries of their story, or all."""
    grants = db.session.scalars(select(Grant).where(Grant.user_id == user_id)).all()
    return Explanation(
        verdicts=verdicts(
            [_held(db.session(), grant) for grant in grants],
            grace=timedelta(days=config.current().grace_days),
            now=now,
        ),
        unpaid=[*_unpaid_purchases(user_id), *_unpaid_subscriptions(user_id)],
        days=timeline.of_member(user_id, email, newest=newest),
    )


def _unpaid_purchases(user_id: int) -> list[str]:
    """By a bank transfer, say, which takes days and may fail."""
    rows = db.session.scalars(
        select(Checkout)
        .where(Checkout.user_id == user_id, Checkout.mode == "payment")
        .where(Checkout.status == "complete", Checkout.paid_at.is_(None))
        .order_by(Checkout.created_at)
    ).all()
    return [
        f"“{_name(db.session(), *row.product_ids)}” was ordered on {day(row.created_at)}, and the "
        "payment has not arrived."
        for row in rows
    ]


def _unpaid_subscriptions(user_id: int) -> list[str]:
    rows = db.session.scalars(
        holdings.subscriptions_of(user_id)
        .where(Subscription.status == "incomplete")
        .order_by(Subscription.started_at)
    ).all()
    return [
        f"The first payment for “{_name(db.session(), *row.product_ids)}” has not gone through."
        for row in rows
    ]


def _held(session: Session, grant: Grant) -> Held:
    held = Held(
        feature=grant.feature,
        source=grant.source,
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        revoked_at=grant.revoked_at,
        reason=grant.reason,
    )
    match grant.source:
        case Source.SUBSCRIPTION:
            row = session.get_one(Subscription, grant.source_ref)
            return replace(
                held,
                bought=_name(session, *row.product_ids),
                period_end=row.period_end,
                unpaid_since=row.oldest_open_invoice_start or row.period_start,
            )
        case Source.PURCHASE:
            sold = session.get_one(Checkout, grant.source_ref).product_ids
            opening = facts.opening(session, sold, grant.feature)
            return replace(held, bought=_name(session, *opening, *sold))
        case Source.COMP:
            return held


def _name(session: Session, *product_ids: str | None) -> str:
    """What was bought, as Stripe names it: the first of these."""
    return next((session.get_one(Product, id_).name for id_ in product_ids if id_), "Something")
