"""What was received is kept for a time, then emptied: the row stays, for counting and for order,
and nothing in it is about a person any more."""

from datetime import timedelta

from sqlalchemy import case, null, select, update

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
