"""Tickets order reads: only the read whose ticket was taken last may write its result."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.billing.models import SyncTicket
from membership.db import changed


def take(session: Session, key: str) -> int:
    """Take the next ticket of this key. Commit before reading."""
    try:
        with session.begin_nested():
            session.add(SyncTicket(key=key))
    except IntegrityError:
        pass  # there is one already
    next_one = update(SyncTicket).where(SyncTicket.key == key).values(taken=SyncTicket.taken + 1)
    return session.execute(next_one.returning(SyncTicket.taken)).scalar_one()


def may_write(session: Session, key: str, ticket: int) -> bool:
    """Whether nothing read later has been written; if so, this ticket is the last one written."""
    newer = update(SyncTicket).where(SyncTicket.key == key, SyncTicket.written < ticket)
    return changed(session, newer.values(written=ticket)) == 1
