"""Read again what Stripe has, and make our copy and the grants follow.

A key says what to read: a customer ("cus_…"), a Checkout Session without one ("cs_…"), whoever made
a payment ("pi_…"), or the catalogue. Reading is done with no transaction open; writing is one
transaction, which also marks done the events that the read settles.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, inbox, jobs, retention
from membership.billing import (
    attention,
    catalogue,
    copies,
    grants,
    payments,
    stripe_api,
    tickets,
    tombstones,
)
from membership.billing.catalogue import Catalogue
from membership.billing.copies import CustomerState
from membership.billing.models import Payment
from membership.billing.stripe_api import StripeRefused
from membership.billing.stripe_objects import (
    ChargeData,
    CheckoutData,
    CustomerData,
    ProductData,
)
from membership.billing.telling import receipts
from membership.db import db, transaction
from membership.inbox import InboxEvent


@dataclass(frozen=True)
class CheckoutState:
    """One reading: a Checkout Session without a customer, what it was paid with, and what it sold,
    if that is new."""

    checkout: CheckoutData
    charges: list[ChargeData]
    new_products: list[ProductData]


Truth = Catalogue | CheckoutState | CustomerState


@dataclass(frozen=True)
class Reading:
    """A re-read under way: what is read, the ticket taken before it, the events it will settle."""

    key: str
    ticket: int
    events: list[int]


def bring_up_to_date(key: str, event: InboxEvent | None = None) -> None:
    """Read the thing `key` names, and write it unless a later read has been written.

    Raises StripeError when Stripe does not answer; then nothing has changed.
    """
    reading = begin(_payer(key) if key.startswith("pi_") else key, event)
    write(reading, read(reading))


def begin(key: str, event: InboxEvent | None = None) -> Reading:
    """Take a ticket; every event stored by now is one that the read after it will settle."""
    with transaction() as session:
        ticket = tickets.take(session, key)
        settled = inbox.also_pending(session, event) if event else []
    return Reading(key, ticket, settled)


def read(reading: Reading) -> Truth | None:
    """Ask Stripe, with no transaction open."""
    if reading.key == catalogue.KEY:
        return catalogue.read()
    if reading.key.startswith("pi_") or tombstones.stands(db.session(), reading.key):
        return None
    if reading.key.startswith("cs_"):
        return _read_checkout(reading.key)
    return _read_customer(reading.key)


def write(reading: Reading, truth: Truth | None) -> None:
    """Keep what was read, the grants that follow from it, and that its events are done."""
    with transaction() as session:
        keep(session, reading, truth)
    jobs.nudge("outbox")  # who paid is written to
    jobs.nudge("subscribers")  # and stands in another group


def keep(session: Session, reading: Reading, truth: Truth | None) -> None:
    """The same in the caller's transaction."""
    if tickets.may_write(session, reading.key, reading.ticket):
        _write(session, truth)
    inbox.finish(session, reading.events)
    if tombstones.stands(session, reading.key):
        retention.empty(session, reading.events, now=clock.now())


def _write(session: Session, truth: Truth | None) -> None:
    now = clock.billing_now()
    match truth:
        case Catalogue():
            grants.recompute_holders(session, catalogue.write(session, truth), now=now)
        case CheckoutState():
            catalogue.keep_products(session, truth.new_products)
            if checkout := copies.keep_checkout(session, truth.checkout, truth.charges, now=now):
                payments.keep(session, truth.charges, [])
                grants.recompute_checkout(session, checkout, now=now)
                receipts.tell(session, checkout, now=now)
        case CustomerState():
            if customer := copies.keep(session, truth, now=now):
                grants.recompute_customer(session, customer, now=now)
                receipts.tell(session, customer, now=now)
                attention.notice_two_subscriptions(session, customer.user_id)


def _read_customer(customer_id: str) -> CustomerState:
    """Everything of a customer that decides about access, whole or not at all."""
    customer = stripe_api.client().customer(customer_id)
    try:
        return _read_history(customer)
    except StripeRefused:
        # That what the deleted had is listed still, Stripe does not promise.
        if not customer.deleted:
            raise
        return CustomerState(customer, [], [], [], _charges_we_know(customer_id), [])


def _read_history(customer: CustomerData) -> CustomerState:
    """A deleted customer's as well: what they bought once stays theirs, and what they paid may be
    given back or disputed still."""
    api, customer_id = stripe_api.client(), customer.id
    subscriptions = api.subscriptions(customer_id)
    invoices = api.invoices(customer_id)
    checkouts = api.completed_checkouts(customer_id)
    paid = any(i.paid_by for i in invoices) or any(c.payment_intent for c in checkouts)
    charges = api.charges(customer_id) if paid else []
    new_products = _new_products(copies.product_ids(subscriptions, checkouts))
    return CustomerState(customer, subscriptions, invoices, checkouts, charges, new_products)


def _charges_we_know(customer_id: str) -> list[ChargeData]:
    """Those of this customer that are in our books, each read by itself."""
    paid = select(Payment.payment_intent).where(Payment.customer_id == customer_id)
    intents = db.session.scalars(paid.order_by(Payment.paid_at)).all()
    return [c for intent in intents for c in stripe_api.client().charges_of(intent)]


def _read_checkout(session_id: str) -> CheckoutState:
    api = stripe_api.client()
    checkout = api.checkout(session_id)
    charges = api.charges_of(checkout.payment_intent) if checkout.payment_intent else []
    return CheckoutState(checkout, charges, _new_products(copies.product_ids([], [checkout])))


def _payer(payment_intent: str) -> str:
    """The key of whoever made this payment, by our copy of it, else by Stripe's word; its own when
    it is nobody's that we could know."""
    known = db.session.get(Payment, payment_intent)
    if known and (known.customer_id or known.checkout_id):
        return str(known.customer_id or known.checkout_id)
    return stripe_api.client().payer(payment_intent) or payment_intent


def _new_products(bought: set[str]) -> list[ProductData]:
    """Products that we have no copy of: newer than our copy, or other people's."""
    unknown = catalogue.unknown_products(db.session(), bought)
    return [stripe_api.client().product(product_id) for product_id in sorted(unknown)]
