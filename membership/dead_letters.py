"""Events that failed for too long: no longer tried, kept with their traceback, ready for another
try when the owner says so."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership import clock, config, due
from membership.db import changed, db, transaction
from membership.inbox import InboxEvent

log = logging.getLogger(__name__)


def drain() -> None:
    """Give up what has been tried for EVENTS_GIVE_UP_DAYS."""
    days = timedelta(days=config.current().events_give_up_days)
    latest = clock.now() + due.LAST_RETRY  # a time: by "at all" SQLite would go through every row
    hopeless = InboxEvent.due_at <= latest, InboxEvent.attempts >= due.attempts_in(days)
    ids = db.session.scalars(select(InboxEvent.id).where(*hopeless)).all()
    if not ids:
        return
    with transaction() as session:
        those = update(InboxEvent).where(InboxEvent.id.in_(ids), *hopeless)
        changed(session, those.values(due_at=None, given_up_at=clock.now()))
    log.error("events %s were given up; see: flask events list --failed", ", ".join(map(str, ids)))


def replay(session: Session, ids: Iterable[int]) -> None:
    """Due again, as if new. Their effect is a re-read, so that doing it twice does no harm."""
    again = {"due_at": clock.now(), "attempts": 0, "given_up_at": None}
    changed(session, update(InboxEvent).where(InboxEvent.id.in_(list(ids))).values(again))


def how_many() -> int:
    given_up = select(func.count()).where(InboxEvent.given_up_at.is_not(None))
    return db.session.scalar(given_up) or 0
