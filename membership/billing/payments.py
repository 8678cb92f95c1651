"""Keep our copy of what was paid for things of ours, given back or disputed."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, select
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
    intents = [charge.payment_intent for charge in charges]
    known = {row.payment_intent: row for row in session.scalars(_payments(intents))}
    ours = {row.stripe_id: row for row in session.scalars(_subscriptions(bills.values()))}
    sold_by = {row.payment_intent: row.stripe_id for row in session.execute(_checkouts(intents))}
    for charge in reversed(charges):
        intent = charge.payment_intent
        payment, checkout_id = known.get(intent), sold_by.get(intent)
        subscription = ours.get(bills.get(intent) or "")
        if payment or subscription or checkout_id:
            _keep(session, charge, payment, subscription, checkout_id)
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


def _payments(intents: Iterable[str]) -> Select[Payment]:
    return select(Payment).where(Payment.payment_intent.in_(intents))


def _subscriptions(ids: Iterable[str | None]) -> Select[Subscription]:
    return select(Subscription).where(Subscription.stripe_id.in_(set(filter(None, ids))))


def _checkouts(intents: Iterable[str]) -> Select[str | None, str]:
    """What was paid, and the Checkout Session of ours that sold it."""
    paid = Checkout.payment_intent.in_(intents)
    return select(Checkout.payment_intent, Checkout.stripe_id).where(paid)
