"""What MailerLite tells us: which subscriber changed. What is true now is read from it again."""

import hashlib
import json
from typing import Any

from sqlalchemy import select

from membership import clock, config, inbox
from membership.db import transaction
from membership.inbox import InboxEvent
from membership.newsletter import mailerlite
from membership.newsletter.models import Subscriber
from membership.vendor_ids import plausible

SOURCE = "mailerlite"
EVENTS = [
    "subscriber.unsubscribed",
    "subscriber.bounced",
    "subscriber.spam_reported",
    "subscriber.active",
]


def parse(body: Any) -> list[InboxEvent]:
    """The events of one delivery, which may be a batch: one row each.

    Raises ValueError for what is no event.
    """
    batch = body.get("events") if isinstance(body, dict) else None
    events = batch if isinstance(batch, list) else [body]
    if not all(isinstance(event, dict) for event in events):
        raise ValueError("the body is not an event")
    field = config.current().mailerlite_code_field
    return [_row(_without(field, event)) for event in events]


def process(event: InboxEvent) -> None:
    """Read the subscriber again and keep its status."""
    listed = mailerlite.client().subscriber(event.subject) if event.subject else None
    with transaction() as session:
        if event.subject and listed is None:
            _keep_status(session.scalars(_known(event.subject)).first(), "deleted")
        elif listed:
            found = session.scalars(_known(listed.id)).first()
            found = (
                found
                or session.scalars(
                    select(Subscriber).where(Subscriber.email == listed.email.lower())
                ).first()
            )
            _keep_status(found, listed.status)
        inbox.finish(session, [event.id])


def _known(mailerlite_id: str) -> Any:
    return select(Subscriber).where(Subscriber.mailerlite_id == mailerlite_id)


def _keep_status(subscriber: Subscriber | None, status: str) -> None:
    if subscriber and subscriber.status != status:
        subscriber.status = status
        if status == "active":  # back again: to the group they belong in
            subscriber.due_at = clock.now()


def _without(field: str, told: Any) -> Any:
    """The same without this field, however deep: MailerLite's events carry a subscriber's fields,
    and a code that lives is not to lie in our database, nor in a hash that can be guessed back."""
    if isinstance(told, dict):
        return {name: _without(field, value) for name, value in told.items() if name != field}
    return [_without(field, value) for value in told] if isinstance(told, list) else told


def _row(event: dict[str, Any]) -> InboxEvent:
    # Flat events carry the subscriber at the top and their name in `event`, nested in `type`.
    subscriber = event.get("subscriber")
    subscriber = subscriber if isinstance(subscriber, dict) else event
    name = str(event.get("event") or event.get("type") or "unknown")
    subject = str(subscriber.get("id", ""))
    when = subscriber.get("unsubscribed_at") or subscriber.get("updated_at") or event
    identity = json.dumps([name, subject, when], sort_keys=True)  # they carry no id of their own
    now = clock.now()
    return InboxEvent(
        source=SOURCE,
        event_id=hashlib.sha256(identity.encode()).hexdigest(),
        type=name if plausible(name) else "unknown",
        subject=subject if plausible(subject) else None,
        body=json.dumps(event),
        received_at=now,
        due_at=now if name in EVENTS and plausible(subject) else None,
    )
