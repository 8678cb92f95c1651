"""Why may this person read that, or not? The ledger's rows for `verdicts`, the journal beside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import config
from membership.billing import timeline
from membership.billing.entitlements import Source
from membership.billing.models import Checkout, Grant, Product, Subscription
from membership.billing.timeline import Day
from membership.billing.verdicts import Held, Verdict, verdicts
from membership.db import db

NOTHING = "Nothing has been bought with this account, and nothing given to it."


@dataclass(frozen=True)
class Explanation:
    """`verdicts` has one for each feature that was ever theirs; `days` what happened, in order."""

    verdicts: list[Verdict]
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
        days=timeline.of_member(user_id, email, newest=newest),
    )


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
                bought=_name(session, row.product_ids),
                period_end=row.period_end,
                unpaid_since=row.oldest_open_invoice_start or row.period_start,
            )
        case Source.PURCHASE:
            product_id = session.get_one(Checkout, grant.source_ref).product_id
            return replace(held, bought=_name(session, [product_id] if product_id else []))
        case Source.COMP:
            return held


def _name(session: Session, product_ids: Sequence[str]) -> str:
    """What was bought: the first of these, as Stripe names it."""
    return session.get_one(Product, product_ids[0]).name if product_ids else "Something"
