"""How often somebody may try to sign in to one account, counted in the journal."""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.journal import Entry

REFUSED = "session.refused"
TRIES = 10
WINDOW = timedelta(minutes=5)


def wait(session: Session, email: str, *, now: datetime) -> int:
    """Seconds until this address may be tried again; 0 is now. It always ends by itself. `now` is
    billing's, as the journal's times are.

    The same for an address without an account: who is here is nobody's business.
    """
    tenth_last = session.scalars(
        select(Entry.at)
        .where(Entry.kind == REFUSED, Entry.email == email, Entry.at > now - WINDOW)
        .order_by(Entry.at.desc())
        .offset(TRIES - 1)
        .limit(1)
    ).first()
    return ceil((tenth_last + WINDOW - now).total_seconds()) if tenth_last else 0
