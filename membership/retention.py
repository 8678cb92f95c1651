"""What was received is kept for a time, then emptied: the row stays, for counting and for order,
and nothing in it is about a person any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, null, or_, select, update
from sqlalchemy.orm import Session

from membership import clock, config, limits
from membership.db import changed, db, transaction
from membership.inbox import InboxEvent

AT_ONCE = 500  # rows of one transaction: nobody waits long for it
EMPTIED = "{}"


def drain() -> None:
    """Empty every body that is older than EVENTS_KEEP_DAYS, and forget whom limits counted."""
    while _empty_some():
        pass
    if limits.any_old(db.session(), now=clock.now()):
        with transaction() as session:
            limits.forget_old(session, now=clock.now())


def forget(
    session: Session, subjects: Iterable[str], mentions: Iterable[str], *, now: datetime
) -> None:
    """Empty whatever came about these payers, or says one of these addresses."""
    says = [InboxEvent.body.contains(each, autoescape=True) for each in mentions]
    _empty(session, or_(InboxEvent.subject.in_(list(subjects)), *says), now)


def empty(session: Session, ids: Iterable[int], *, now: datetime) -> None:
    """Empty these, however new they are: they are about somebody who has left."""
    _empty(session, InboxEvent.id.in_(list(ids)), now)


def _empty(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    emptied = {"body": EMPTIED, "scrubbed_at": now, "last_error": None}
    changed(session, update(InboxEvent).where(which).values(emptied))


def _empty_some() -> bool:
    now = clock.now()
    kept_since = now - timedelta(days=config.current().events_keep_days)
    old = (
        select(InboxEvent.id)
        .where(InboxEvent.scrubbed_at.is_(None), InboxEvent.received_at <= kept_since)
        .order_by(InboxEvent.received_at)
        .limit(AT_ONCE)
    )
    ids = db.session.scalars(old).all()
    if not ids:
        return False
    settled = InboxEvent.due_at.is_(None)
    emptied = {
        "body": EMPTIED,
        "scrubbed_at": now,
        # An error may quote what was worked on; one that is still due will be tried, and needs it.
        "last_error": case((settled, null()), else_=InboxEvent.last_error),
    }
    with transaction() as session:
        changed(session, update(InboxEvent).where(InboxEvent.id.in_(ids)).values(emptied))
    return True
