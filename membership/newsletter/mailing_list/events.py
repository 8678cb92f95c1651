"""What MailerLite tells us: which subscriber changed. What is true now is read from it again.

An owner who empties the list by mistake has it told of every reader, one by one. What is too much
to be true in a day is left to the comparison of the whole list, which asks the owner.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, comparisons, config, inbox, jobs
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.newsletter.codes import sends
from membership.newsletter.mailing_list import findings
from membership.newsletter.models import DELETED as GONE_THERE
from membership.newsletter.models import Subscriber
from membership.vendor_ids import plausible

SOURCE = "mailerlite"
DAY = timedelta(days=1)
BOUNCED, DELETED = "subscriber.bounced", "subscriber.deleted"
# What we want to hear of, and the status that each tells of.
TELLS = {
    "subscriber.unsubscribed": "unsubscribed",
    BOUNCED: "bounced",
    "subscriber.spam_reported": "junk",
    "subscriber.active": "active",
    DELETED: "deleted",
}
GONE = {"deleted"}
EVENTS = list(TELLS)


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
    """See to it that the subscriber is read again, unless all that is told of them is what we know
    already: what we write there comes back as an event as well."""
    _tell_codes_of_a_bounce(event)
    with transaction() as session:
        row = _row_about(session, event)
        settled = inbox.also_pending(session, event)
        told = _told(session, settled)
        if row and told != {row.status} and not (told == GONE and _too_many_gone(session)):
            row.reread, row.due_at = True, clock.now()
        inbox.finish(session, settled)
    jobs.nudge("subscribers")


def _tell_codes_of_a_bounce(event: InboxEvent) -> None:
    """A code that MailerLite mailed them a moment ago goes another way. Looked for among all that
    is absorbed with this event, too."""
    session = db.session()
    bounce = select(InboxEvent.id).where(
        InboxEvent.source == SOURCE,
        InboxEvent.subject == event.subject,
        InboxEvent.type == BOUNCED,
        InboxEvent.due_at.is_not(None),
    )
    whose = select(Subscriber.email).where(Subscriber.mailerlite_id == event.subject)
    email = session.scalars(whose).first() if session.scalars(bounce.limit(1)).first() else None
    if email:
        with transaction() as rows:
            told = sends.bounced(rows, email, now=clock.now())
        if told:
            jobs.nudge("codes")


def _told(session: Session, ids: list[int]) -> set[str | None]:
    """The statuses that these events tell of; None for one that is not among those we ask for."""
    types = session.scalars(select(InboxEvent.type).where(InboxEvent.id.in_(ids)).distinct())
    return {TELLS.get(type_) for type_ in types}


def _too_many_gone(session: Session) -> bool:
    """Of our readers, in a day: those we believed, and those of whom it is told. Whom we took off
    the list ourselves is told of as well, and was no reader any more."""
    last = findings.latest(session)  # one that came to no end has counted nobody
    readers = (last and last.readers) or findings.how_many_readers(session)
    enough = comparisons.most_that_may_end(readers) + 1
    since = clock.now() - DAY
    believed = select(Subscriber.id).where(GONE_THERE, Subscriber.stopped_at > since)
    told = (
        select(Subscriber.id)
        .join(InboxEvent, InboxEvent.subject == Subscriber.mailerlite_id)
        .where(InboxEvent.source == SOURCE, InboxEvent.type == DELETED)
        .where(InboxEvent.received_at > since, Subscriber.wants_letters)
    )
    some = (each.limit(enough).subquery() for each in (believed, told.distinct()))
    ended = sum(session.scalar(select(func.count()).select_from(each)) or 0 for each in some)
    return comparisons.too_many(ended, readers)


def _row_about(session: Session, event: InboxEvent) -> Subscriber | None:
    by_id = select(Subscriber).where(Subscriber.mailerlite_id == event.subject)
    found = session.scalars(by_id.with_for_update()).first()
    if found:
        return found
    told = json.loads(event.body)
    subscriber = told.get("subscriber") if isinstance(told.get("subscriber"), dict) else told
    email = str(subscriber.get("email", "")).lower()
    by_email = select(Subscriber).where(Subscriber.email == email)
    return session.scalars(by_email.with_for_update()).first()


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
