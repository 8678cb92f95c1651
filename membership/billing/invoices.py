"""A member's invoices: copied when their customer is read, listed on their account page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.billing import plans
from membership.billing.models import Customer, Invoice, Subscription
from membership.billing.stripe_objects import InvoiceData
from membership.db import db

NEWEST = 24  # that are listed; Stripe's page has them all
STATES = {"paid": "Paid", "open": "To be paid", "void": "Cancelled", "uncollectible": "Not paid"}
NOTHING_TO_PAY = "Nothing to pay"  # Stripe writes one at the start of a trial, too


@dataclass(frozen=True)
class InvoiceLine:
    id: str
    number: str
    at: datetime
    amount: str
    state: str


def keep(session: Session, customer_id: str, invoices: Iterable[InvoiceData]) -> None:
    """Those that are no drafts, of subscriptions of ours, which are to be written already."""
    having = select(Subscription.stripe_id).where(Subscription.customer_id == customer_id)
    ours = set(session.scalars(having))
    kept = select(Invoice).where(Invoice.customer_id == customer_id)
    known = {row.stripe_id: row for row in session.scalars(kept)}
    for found in invoices:
        if found.subscription_id in ours and found.status != "draft":
            row = known.get(found.id) or Invoice(stripe_id=found.id, customer_id=customer_id)
            row.number, row.status, row.created_at = found.number, found.status, found.created
            row.total, row.currency = found.total, found.currency
            session.add(row)


def of_member(user_id: int) -> list[InvoiceLine]:
    """The newest first."""
    rows = db.session.scalars(
        _theirs(user_id).order_by(Invoice.created_at.desc(), Invoice.stripe_id).limit(NEWEST)
    )
    return [
        InvoiceLine(
            row.stripe_id,
            row.number or row.stripe_id,
            row.created_at,
            plans.amount(row.total, row.currency),
            STATES.get(row.status, row.status) if row.total else NOTHING_TO_PAY,
        )
        for row in rows
    ]


def is_theirs(user_id: int, invoice_id: str) -> bool:
    found = _theirs(user_id).where(Invoice.stripe_id == invoice_id)
    return db.session.scalars(found).first() is not None


def _theirs(user_id: int) -> Select[Invoice]:
    return (
        select(Invoice)
        .join(Customer, Customer.stripe_id == Invoice.customer_id)
        .where(Customer.user_id == user_id)
    )
