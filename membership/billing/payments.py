"""Keep our copy of what was paid for things of ours, given back or disputed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import journal
from membership.billing import entitlements
from membership.billing.models import Checkout, Payment, Subscription
from membership.billing.stripe_objects import ChargeData, InvoiceData


def keep(session: Session, charges: Sequence[ChargeData], invoices: Iterable[InvoiceData]) -> None:
    """Those charges that paid an invoice of a subscription of ours, or a Checkout Session.

    The newest comes first. Our copies of what they paid are to be written already.
    """
    bills = {intent: i.subscription_id for i in invoices for intent in i.paid_by}
    for charge in reversed(charges):
        subscription = _ours(session, bills.get(charge.payment_intent))
        checkout_id = _sold_by(session, charge.payment_intent)
        known = session.get(Payment, charge.payment_intent)
        if known or subscription or checkout_id:
            _keep(session, charge, known, subscription, checkout_id)
    session.flush()


def _keep(
    session: Session,
    charge: ChargeData,
    known: Payment | None,
    subscription: Subscription | None,
    checkout_id: str | None,
) -> None:
    payment = known or Payment(payment_intent=charge.payment_intent)
    if charge.dispute_status != payment.dispute_status:
        _tell_owner(session, charge)
    payment.customer_id = charge.customer_id
    if subscription:
        payment.subscription_id = subscription.stripe_id
        subscription.latest_payment = charge.payment_intent  # unless a newer one comes after it
    payment.checkout_id = checkout_id or payment.checkout_id
    payment.amount, payment.amount_refunded = charge.amount, charge.amount_refunded
    payment.currency, payment.paid_at = charge.currency, charge.created
    payment.dispute_status = charge.dispute_status
    session.add(payment)


def _tell_owner(session: Session, charge: ChargeData) -> None:
    status = charge.dispute_status
    if status and not entitlements.knows_dispute(status):
        journal.record(
            session,
            "billing.unknown_status",
            dispute_of=charge.payment_intent,
            customer=charge.customer_id,
            status=status,
        )


def _ours(session: Session, subscription_id: str | None) -> Subscription | None:
    return session.get(Subscription, subscription_id) if subscription_id else None


def _sold_by(session: Session, payment_intent: str) -> str | None:
    """The Checkout Session of ours that this paid."""
    sold = select(Checkout.stripe_id).where(Checkout.payment_intent == payment_intent)
    return session.scalars(sold.limit(1)).first()
