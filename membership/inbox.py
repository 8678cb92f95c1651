"""What Stripe and MailerLite told us: stored once, worked on until done.

A webhook only stores. Each source has one handler, registered in `app.py`, that must call
`finish` in the same transaction as the effect; when it raises, the event stays due.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import Index, UniqueConstraint, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, due, jobs
from membership.db import Model, changed, db

Handler = Callable[["InboxEvent"], None]


class InboxEvent(due.Due, Model):
    """One event as it came. `subject` names the thing a re-read of which settles it.

    Due until `done_at` or `given_up_at` is set; with neither, it means nothing to us. `scrubbed_at`
    says when its body was emptied.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index(None, "scrubbed_at", "received_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(deferred=True)  # what happened is read from its sender
    received_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None] = mapped_column(index=True)
    scrubbed_at: Mapped[datetime | None]


def register(app: Flask, source: str, handler: Handler) -> None:
    app.extensions.setdefault("inbox", {})[source] = handler


def receive(session: Session, events: Iterable[InboxEvent]) -> int:
    """Store each event that is not there yet; how many were new."""
    new = 0
    for event in events:
        try:
            with session.begin_nested():
                session.add(event)
        except IntegrityError:
            continue  # told before
        new += 1
    return new


def drain() -> None:
    """Work on every due event, oldest first; one sender's trouble does not delay the other's."""
    handlers: dict[str, Handler] = current_app.extensions["inbox"]
    for source, handler in handlers.items():
        jobs.work(InboxEvent, handler, InboxEvent.source == source, kind="inbox")


def also_pending(session: Session, event: InboxEvent) -> list[int]:
    """Ids of the stored events that one re-read of the same subject will settle, those that were
    given up among them."""
    if event.subject is None:
        return [event.id]
    same = select(InboxEvent.id).where(
        InboxEvent.source == event.source,
        InboxEvent.subject == event.subject,
        or_(InboxEvent.due_at.is_not(None), InboxEvent.given_up_at.is_not(None)),
    )
    return list(session.scalars(same))


def finish(session: Session, ids: Iterable[int]) -> None:
    """These events are done: nothing of them is due any more."""
    done = {"due_at": None, "done_at": clock.now(), "given_up_at": None, "last_error": None}
    changed(session, update(InboxEvent).where(InboxEvent.id.in_(list(ids))).values(done))


def last_received(source: str) -> datetime | None:
    newest = select(InboxEvent.received_at).where(InboxEvent.source == source)
    return db.session.scalar(newest.order_by(InboxEvent.received_at.desc()).limit(1))
