"""What Stripe and MailerLite told us: stored once, worked on until done.

A webhook only stores. Each source has one handler, registered in `app.py`, that must call
`finish` in the same transaction as the effect; when it raises, the event stays due.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Index,
    UniqueConstraint,
    and_,
    false,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, due, jobs
from membership.db import Model, changed, db, transaction
from membership.group_commit import GroupCommit

Handler = Callable[["InboxEvent"], None]


class InboxEvent(due.Due, Model):
    """One event as it came. `subject` names the thing a re-read of which settles it.

    Due until `done_at` or `given_up_at` is set; with neither, it means nothing to us. `scrubbed_at`
    says when its body was emptied. `fetched`: we had to ask for it, no webhook had brought it.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index(None, "scrubbed_at", "received_at"),
        Index(None, "source", "received_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(deferred=True)  # what happened is read from its sender
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None] = mapped_column(index=True)
    scrubbed_at: Mapped[datetime | None]
    fetched: Mapped[bool] = mapped_column(default=False, server_default=false())

    def same_work(self) -> ColumnElement[bool] | None:
        if self.subject is None or self.source not in current_app.extensions["inbox by subject"]:
            return None
        return and_(InboxEvent.source == self.source, InboxEvent.subject == self.subject)


def init_app(app: Flask) -> None:
    app.extensions["inbox writer"] = GroupCommit(_receive_together)
    app.extensions["inbox by subject"] = set()


def register(app: Flask, source: str, handler: Handler, *, by_subject: bool = False) -> None:
    """`by_subject`: with one event the handler settles all that are about the same subject."""
    if by_subject:
        app.extensions["inbox by subject"].add(source)
    app.extensions.setdefault("inbox", {})[source] = handler


def store(event: InboxEvent) -> None:
    """Store one event unless it is there, in a transaction shared with others of this moment;
    committed when this returns. Raises NotCommitted."""
    writer: GroupCommit[InboxEvent] = current_app.extensions["inbox writer"]
    writer.commit(event)


def receive(session: Session, events: Sequence[InboxEvent]) -> int:
    """Store each of these events, made alike, that is not there yet; how many were new."""
    if not events:
        return 0
    # Always in one order: two processes that are told the same must not wait for each other.
    told = sorted((_told(event) for event in events), key=itemgetter("source", "event_id"))
    insert = _UNLESS_THERE[db.engine.dialect.name]
    result = session.execute(insert, told, execution_options={"preserve_rowcount": True})
    return cast("CursorResult[Any]", result).rowcount


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
    """When a webhook of this sender last brought something new."""
    newest = select(InboxEvent.received_at).where(
        InboxEvent.source == source, InboxEvent.fetched.is_(False)
    )
    return db.session.scalar(newest.order_by(InboxEvent.received_at.desc()).limit(1))


def _receive_together(events: list[InboxEvent]) -> None:
    with transaction() as session:
        receive(session, events)


def _told(event: InboxEvent) -> dict[str, Any]:
    """What its maker gave it; the rest is the table's defaults."""
    return {name: value for name, value in vars(event).items() if name in _COLUMNS}


_TABLE = Model.metadata.tables["inbox"]
_UNLESS_THERE = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}
_COLUMNS = frozenset(_TABLE.columns.keys())
