"""What the newsletter is told of a member: which plan they have, and when it renews."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.billing.entitlements import Source
from membership.billing.models import Checkout, Grant, Product, Subscription

RENEWING = ("active", "trialing")


def plan_and_renewal(
    session: Session, live_grants: Iterable[Grant]
) -> tuple[str | None, date | None]:
    """Of what is open now, a subscription before what was bought once: the name of its plan, and
    the day it renews on, if it does. A gift of the owner's has neither."""
    refs = {(grant.source, grant.source_ref) for grant in live_grants}
    subscriptions = _subscriptions(session, [r for s, r in refs if s is Source.SUBSCRIPTION])
    for row in subscriptions:
        return _plan(session, row.product_ids), _renewal(row)
    bought = [ref for source, ref in refs if source is Source.PURCHASE]
    for product_ids in session.scalars(
        select(Checkout.product_ids)
        .where(Checkout.stripe_id.in_(bought))
        .order_by(Checkout.paid_at)
    ):
        return _plan(session, product_ids), None
    return None, None


def _subscriptions(session: Session, ids: Sequence[str]) -> list[Subscription]:
    """The one that goes on longest first."""
    found = session.scalars(select(Subscription).where(Subscription.stripe_id.in_(ids)))
    return sorted(found, key=lambda row: (_renewal(row) is not None, row.period_end), reverse=True)


def _renewal(row: Subscription) -> date | None:
    goes_on = row.status in RENEWING and row.cancel_at is None and not row.collection_paused
    return row.period_end.date() if goes_on else None


def _plan(session: Session, product_ids: Sequence[str]) -> str | None:
    found = [session.get(Product, product_id) for product_id in product_ids]
    return next((product.plan for product in found if product), None)
