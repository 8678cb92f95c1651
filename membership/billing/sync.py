"""Read again what Stripe has, and make our copy and the grants follow.

A key says what to read: a customer ("cus_…"), a Checkout Session without one ("cs_…"), or the
catalogue. Reading is done with no transaction open; writing is one transaction, which also marks
done the events that the read settles.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from membership import clock, inbox
from membership.billing import catalogue, copies, grants, stripe_api, tickets
from membership.billing.catalogue import Catalogue
from membership.billing.copies import CustomerState
from membership.billing.stripe_api import CheckoutData, ProductData
from membership.db import db, transaction
from membership.inbox import InboxEvent


@dataclass(frozen=True)
class CheckoutState:
    """One reading: a Checkout Session without a customer, and what it sold, if that is new."""

    checkout: CheckoutData
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
    reading = begin(key, event)
    write(reading, read(reading))


def begin(key: str, event: InboxEvent | None = None) -> Reading:
    """Take a ticket; every event stored by now is one that the read after it will settle."""
    with transaction() as session:
        ticket = tickets.take(session, key)
        settled = inbox.also_pending(session, event) if event else []
    return Reading(key, ticket, settled)


def read(reading: Reading) -> Truth:
    """Ask Stripe, with no transaction open."""
    if reading.key == catalogue.KEY:
        return catalogue.read()
    if reading.key.startswith("cs_"):
        return _read_checkout(reading.key)
    return _read_customer(reading.key)


def write(reading: Reading, truth: Truth) -> None:
    """Keep what was read, the grants that follow from it, and that its events are done."""
    with transaction() as session:
        if tickets.may_write(session, reading.key, reading.ticket):
            _write(session, truth)
        inbox.finish(session, reading.events)


def _write(session: Session, truth: Truth) -> None:
    now = clock.now()
    match truth:
        case Catalogue():
            grants.recompute_holders(session, catalogue.write(session, truth), now=now)
        case CheckoutState():
            catalogue.keep_products(session, truth.new_products)
            if checkout := copies.keep_checkout(session, truth.checkout, now=now):
                grants.recompute_checkout(session, checkout, now=now)
        case CustomerState():
            if customer := copies.keep(session, truth, now=now):
                grants.recompute_customer(session, customer, now=now)


def _read_customer(customer_id: str) -> CustomerState:
    """Everything of a customer that decides about access, whole or not at all."""
    api = stripe_api.client()
    customer = api.customer(customer_id)
    if customer.deleted:
        return CustomerState(customer, [], [], [], [])
    subscriptions = api.subscriptions(customer_id)
    open_invoices = api.open_invoices(customer_id)
    checkouts = api.completed_checkouts(customer_id)
    new_products = _new_products(copies.product_ids(subscriptions, checkouts))
    return CustomerState(customer, subscriptions, open_invoices, checkouts, new_products)


def _read_checkout(session_id: str) -> CheckoutState:
    checkout = stripe_api.client().checkout(session_id)
    return CheckoutState(checkout, _new_products(copies.product_ids([], [checkout])))


def _new_products(bought: set[str]) -> list[ProductData]:
    """Products that we have no copy of: newer than our copy, or other people's."""
    unknown = catalogue.unknown_products(db.session(), bought)
    return [stripe_api.client().product(product_id) for product_id in sorted(unknown)]
