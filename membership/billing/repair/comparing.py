"""Stripe's lists against our copies, a page at a time: what is not here as it is there.

Nothing here calls Stripe or writes. A page costs a few queries, however much is on it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from membership.billing.models import Checkout, Customer, Payment, Product, Subscription
from membership.billing.repair.findings import Difference
from membership.billing.stripe_lists import DisputeData, RefundData
from membership.billing.stripe_objects import CheckoutData, SubscriptionData
from membership.db import db

AS_THERE = (
    "status",
    "collection_paused",
    "price_id",
    "period_start",
    "period_end",
    "cancel_at",
    "ended_at",
    "trial_end",
)


def subscriptions(found: Sequence[SubscriptionData]) -> list[Difference]:
    ids = [one.id for one in found]
    copies = db.session.execute(
        select(Subscription, Customer.deleted)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Subscription.stripe_id.in_(ids))
    )
    known = {row.stripe_id: (row, deleted) for row, deleted in copies}
    sold = _ours(p for one in found for p in one.product_ids)
    differences = []
    for one in found:
        row, deleted = known.get(one.id, (None, False))
        if deleted:  # what a deleted customer had ended when we heard of it
            continue
        if because := _subscription_differs(one, row, sold):
            differences.append(Difference(one.customer_id, because))
    return differences


def checkouts(found: Sequence[CheckoutData]) -> list[Difference]:
    """Of sessions that are complete."""
    rows = db.session.scalars(
        select(Checkout).where(Checkout.stripe_id.in_([one.id for one in found]))
    )
    known = {row.stripe_id: row for row in rows}
    sold = _ours(p for one in found for p in one.product_ids)
    return [
        Difference(one.customer_id or one.id, because)
        for one in found
        if (because := _checkout_differs(one, known.get(one.id), sold))
    ]


def refunds(found: Sequence[RefundData]) -> list[Difference]:
    known = _payments(one.payment_intent for one in found)
    return [
        Difference(
            payer,
            f"{row.payment_intent}: {row.amount_refunded} given back here, "
            f"{one.amount_refunded} at Stripe",
        )
        for one in found
        if (row := known.get(one.payment_intent or ""))
        and (payer := row.customer_id or row.checkout_id)
        and one.amount_refunded not in (None, row.amount_refunded)
    ]


def disputes(found: Sequence[DisputeData]) -> list[Difference]:
    """The newest of a payment decides; they come newest first."""
    newest: dict[str, DisputeData] = {}
    for one in found:
        if one.payment_intent:
            newest.setdefault(one.payment_intent, one)
    known = _payments(newest)
    return [
        Difference(
            payer,
            f"{intent}: dispute {row.dispute_status or 'unknown'} here, {one.status} at Stripe",
        )
        for intent, one in newest.items()
        if (row := known.get(intent))
        and (payer := row.customer_id or row.checkout_id)
        and row.dispute_status != one.status
    ]


def _subscription_differs(
    one: SubscriptionData, row: Subscription | None, sold: set[str]
) -> str | None:
    ours = sorted(sold.intersection(one.product_ids))
    if row is None:
        return f"{one.id}: unknown here, {one.status} at Stripe" if ours else None
    for name in AS_THERE:
        here, there = getattr(row, name), getattr(one, name)
        if here != there:
            return f"{one.id}: {name} {here} here, {there} at Stripe"
    if row.product_ids != ours:
        return f"{one.id}: another product than at Stripe"
    return None


def _checkout_differs(one: CheckoutData, row: Checkout | None, sold: set[str]) -> str | None:
    if row is None:
        ours = sold.intersection(one.product_ids)
        return f"{one.id}: unknown here, {one.payment_status} at Stripe" if ours else None
    here, there = (row.status, row.payment_status), (one.status, one.payment_status)
    if here != there:
        return f"{one.id}: {', '.join(here)} here, {', '.join(there)} at Stripe"
    if one.customer_id and row.customer_id != one.customer_id:
        return f"{one.id}: of another customer at Stripe"
    if one.payment_intent and row.payment_intent != one.payment_intent:
        return f"{one.id}: paid by another payment at Stripe"
    return None


def _ours(product_ids: Iterable[str | None]) -> set[str]:
    wanted = {product_id for product_id in product_ids if product_id}
    return set(db.session.scalars(select(Product.stripe_id).where(Product.stripe_id.in_(wanted))))


def _payments(intents: Iterable[str | None]) -> dict[str, Payment]:
    wanted = {intent for intent in intents if intent}
    rows = db.session.scalars(select(Payment).where(Payment.payment_intent.in_(wanted)))
    return {row.payment_intent: row for row in rows}
