"""What each kind of event from Stripe is about: the thing a re-read of which settles it."""

from collections.abc import Callable
from typing import Any

from membership import clock, inbox, retention
from membership.billing import catalogue, sync, tombstones
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.vendor_ids import plausible

SOURCE = "stripe"


def _itself(found: dict[str, Any]) -> str | None:
    return _id(found.get("id"))


def _its_customer(found: dict[str, Any]) -> str | None:
    return _id(found.get("customer"))


def _its_customer_or_itself(found: dict[str, Any]) -> str | None:
    return _its_customer(found) or _itself(found)


def _its_payer(found: dict[str, Any]) -> str | None:
    """Of a charge, a refund or a dispute: the customer where it says so, else the payment."""
    return _its_customer(found) or _id(found.get("payment_intent"))


def _catalogue(_: dict[str, Any]) -> str | None:
    return catalogue.KEY


# By how the type's name begins. What is not here is stored and left alone.
SUBJECTS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "charge.dispute.": _its_payer,
    "charge.refund": _its_payer,  # charge.refunded, and charge.refund.updated
    "checkout.session.": _its_customer_or_itself,
    "customer.subscription.": _its_customer,
    "customer.deleted": _itself,
    "customer.updated": _itself,
    "invoice.": _its_customer,
    "price.": _catalogue,
    "product.": _catalogue,
    "refund.": _its_payer,
}


def row(event: dict[str, Any], body: str) -> InboxEvent:
    """The inbox row of a verified event; due unless its type means nothing to us. Of one that will
    never be worked on, and is about somebody who left, nothing is kept but that it came."""
    subject = subject_of(event)
    now = clock.now()
    of_gone = not subject and tombstones.stands(db.session(), _its_customer(_object(event)))
    return InboxEvent(
        source=SOURCE,
        event_id=str(event["id"]),
        type=str(event["type"]),
        subject=subject,
        body=retention.EMPTIED if of_gone else body,
        scrubbed_at=now if of_gone else None,
        received_at=now,
        due_at=now if subject else None,
    )


def subject_of(event: dict[str, Any]) -> str | None:
    """The key of the re-read that settles this event; None for what we leave alone."""
    about = _object(event)
    for name, subject in SUBJECTS.items():
        if str(event["type"]).startswith(name):
            return subject(about)
    return None


def process(event: InboxEvent) -> None:
    """Settle one event of the inbox by reading again what it is about."""
    if event.subject:
        sync.bring_up_to_date(event.subject, event)
        return
    with transaction() as session:
        inbox.finish(session, [event.id])


def _object(event: dict[str, Any]) -> dict[str, Any]:
    """What the event is about; nothing, should it be shaped like no event we know."""
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    return about if isinstance(about, dict) else {}


def _id(value: Any) -> str | None:
    if isinstance(value, dict):  # an expanded object
        value = value.get("id")
    return value if plausible(value) else None
