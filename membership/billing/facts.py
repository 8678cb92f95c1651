"""From our copy of what Stripe has to what the rules of access are asked about."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from membership import config
from membership.billing import plans
from membership.billing.entitlements import (
    PaymentFacts,
    Policy,
    PurchaseFacts,
    SubscriptionFacts,
)
from membership.billing.models import Checkout, Payment, Product, Subscription


def policy() -> Policy:
    """The owner's, by the settings."""
    settings = config.current()
    return Policy(
        grace=timedelta(days=settings.grace_days),
        on_refund=settings.on_refund,
        on_dispute=settings.on_dispute,
    )


def of_subscription(session: Session, row: Subscription) -> SubscriptionFacts:
    return SubscriptionFacts(
        stripe_id=row.stripe_id,
        status=row.status,
        features=_features(session, row.product_ids),
        started_at=row.started_at,
        period_start=row.period_start,
        period_end=row.period_end,
        cancel_at=row.cancel_at,
        ended_at=row.ended_at,
        oldest_open_invoice_start=row.oldest_open_invoice_start,
        paid_until=row.paid_until,
        collection_paused=row.collection_paused,
        latest_payment=_payment(session, row.latest_payment),
    )


def of_purchases(session: Session, rows: Iterable[Checkout]) -> list[PurchaseFacts]:
    """Those of these that are paid: one for each product that was sold."""
    return [
        PurchaseFacts(
            session_id=row.stripe_id,
            product_id=product_id,
            status=row.status,
            payment_status=row.payment_status,
            features=_features(session, [product_id]),
            paid_at=row.paid_at,
            access_days=_access_days(session, product_id),
            payment=_payment(session, row.payment_intent),
        )
        for row in rows
        for product_id in row.product_ids
        if row.paid_at
    ]


def opening(session: Session, product_ids: Iterable[str], feature: str) -> list[str]:
    """Those of these products that open the feature, the one that opens it longest first."""
    found = [id_ for id_ in product_ids if feature in _features(session, [id_])]
    return sorted(found, key=lambda id_: _access_days(session, id_) or plans.LONGEST, reverse=True)


def _payment(session: Session, payment_intent: str | None) -> PaymentFacts | None:
    row = session.get(Payment, payment_intent) if payment_intent else None
    return PaymentFacts(row.amount, row.amount_refunded, row.dispute_status) if row else None


def _features(session: Session, product_ids: Iterable[str]) -> frozenset[str]:
    found = [session.get(Product, product_id) for product_id in product_ids]
    return frozenset().union(*(plans.features(product.meta) for product in found if product))


def _access_days(session: Session, product_id: str) -> int | None:
    product = session.get(Product, product_id)
    return plans.days(product.meta, "access_days") if product else None
