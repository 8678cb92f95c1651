"""Keep rows the same as what was read from Stripe, for what is ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import journal
from membership.billing import (
    catalogue,
    entitlements,
    invoices,
    matching,
    payments,
    tombstones,
    trials,
)
from membership.billing.models import Checkout, Customer, Product, Subscription
from membership.billing.stripe_objects import (
    ChargeData,
    CheckoutData,
    CustomerData,
    InvoiceData,
    ProductData,
    SubscriptionData,
)


@dataclass(frozen=True)
class CustomerState:
    """One reading: the customer with everything they have, and all that they paid."""

    customer: CustomerData
    subscriptions: list[SubscriptionData]
    invoices: list[InvoiceData]
    checkouts: list[CheckoutData]
    charges: list[ChargeData]
    new_products: list[ProductData]


def product_ids(
    subscriptions: Iterable[SubscriptionData], checkouts: Iterable[CheckoutData]
) -> set[str]:
    """What was bought by these."""
    bought = {p for subscription in subscriptions for p in subscription.product_ids}
    return bought | {p for checkout in checkouts for p in checkout.product_ids}


def keep(session: Session, state: CustomerState, *, now: datetime) -> Customer | None:
    """Our copy of a customer; None for a stranger who bought nothing of ours, and for who left."""
    catalogue.keep_products(session, state.new_products)
    # Locked: a claim, or the owner, may be binding it at this moment.
    known = session.get(Customer, state.customer.id, with_for_update=True)
    if tombstones.stands(session, state.customer.id):
        return None
    ours = _ours(session, state)
    if known is None and not ours:
        return None
    customer = known or Customer(stripe_id=state.customer.id, created_at=now)
    customer.email = matching.address(state.customer.email) or customer.email
    customer.deleted, customer.synced_at = state.customer.deleted, now
    session.add(customer)
    session.flush()
    for subscription in state.subscriptions:
        kept = session.get(Subscription, subscription.id)
        # One that is switched to something of a stranger's opens nothing any more.
        if kept or ours.intersection(subscription.product_ids):
            _keep_subscription(session, subscription, kept, ours, state)
    for checkout in state.checkouts:
        keep_checkout(session, checkout, state.charges, now=now)
    payments.keep(session, state.charges, state.invoices)
    invoices.keep(session, customer.stripe_id, state.invoices)
    if customer.deleted:
        _end_all(session, customer, now)
    session.flush()
    matching.settle_customer(session, customer, now=now)
    trials.note(session, customer, now=now)
    return customer


def keep_checkout(
    session: Session, found: CheckoutData, charges: Sequence[ChargeData], *, now: datetime
) -> Checkout | None:
    """Our copy of a Checkout Session; None when it sold nothing of ours, or its guest has left.

    What it was paid with is among `charges`.
    """
    known = session.get(Checkout, found.id, with_for_update=True)
    if tombstones.stands(session, found.id):
        return None
    ours = sorted(p for p in set(found.product_ids) if session.get(Product, p))
    if known is None and not ours:
        return None
    checkout = known or Checkout(
        stripe_id=found.id,
        price_id=found.price_id or "",
        mode=found.mode,
        created_at=found.created,
    )
    checkout.customer_id = found.customer_id or checkout.customer_id
    checkout.payment_intent = found.payment_intent or checkout.payment_intent
    checkout.email = matching.address(found.email) or checkout.email
    checkout.reference = found.client_reference_id
    paid = found.status == "complete" and found.payment_status in entitlements.PAID
    if paid and not checkout.paid_at:
        checkout.paid_at = _paid_at(checkout, charges, now)
    checkout.status, checkout.payment_status = found.status, found.payment_status
    checkout.product_ids = ours or checkout.product_ids
    session.add(checkout)
    session.flush()
    if checkout.customer_id is None:
        matching.settle_checkout(session, checkout, now=now)
    return checkout


def _paid_at(checkout: Checkout, charges: Iterable[ChargeData], now: datetime) -> datetime:
    """When it was charged, however late we heard of it; a debit that takes days, when it came in:
    its charge is as old as the order."""
    if checkout.status == "complete":
        return now
    charged = [c.created for c in charges if c.payment_intent == checkout.payment_intent]
    return min([*charged, now])  # our clock may be behind Stripe's


def _ours(session: Session, state: CustomerState) -> set[str]:
    """Ids of our products among what this customer has."""
    bought = product_ids(state.subscriptions, state.checkouts)
    return set(session.scalars(select(Product.stripe_id).where(Product.stripe_id.in_(bought))))


def _keep_subscription(
    session: Session,
    found: SubscriptionData,
    known: Subscription | None,
    ours: set[str],
    state: CustomerState,
) -> None:
    if (known is None or known.status != found.status) and not entitlements.knows_status(
        found.status
    ):
        journal.record(
            session,
            "billing.unknown_status",
            subscription=found.id,
            customer=found.customer_id,
            status=found.status,
        )
    mine = [i for i in state.invoices if i.subscription_id == found.id]
    session.merge(
        Subscription(
            stripe_id=found.id,
            customer_id=found.customer_id,
            status=found.status,
            collection_paused=found.collection_paused,
            price_id=found.price_id,
            product_ids=sorted(ours.intersection(found.product_ids)),
            started_at=found.created,
            period_start=found.period_start,
            period_end=found.period_end,
            cancel_at=found.cancel_at,
            ended_at=found.ended_at,
            trial_end=found.trial_end,
            oldest_open_invoice_start=min(
                (i.period_start for i in mine if i.status == "open"), default=None
            ),
            paid_until=next((i.period_end for i in mine if i.status == "paid"), None),
            pays_with=_pays_with(found, state.customer),
            discounted=found.discounted or state.customer.discounted,
        )
    )


def _pays_with(found: SubscriptionData, customer: CustomerData) -> str | None:
    if found.ended_at:
        return None
    return (customer.pays_with if found.pays_with is None else found.pays_with) or None


def _end_all(session: Session, customer: Customer, now: datetime) -> None:
    """Deleting a customer cancels everything of theirs at once."""
    having = select(Subscription).where(Subscription.customer_id == customer.stripe_id)
    for subscription in session.scalars(having):
        if subscription.ended_at is None:
            subscription.status, subscription.ended_at = "canceled", now
            subscription.pays_with = None
