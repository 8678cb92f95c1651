"""What happened to the safety of an account: who came in or was turned away, from where, and what
was changed. Out of the journal, which holds no secret."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from membership.billing.explain import sentences, timeline
from membership.db import db
from membership.journal import Entry

ABOUT_SAFETY = ("account.", "feed.", "owner.", "password.", "session.")
CODES = ("newsletter.code_asked", "billing.claim_asked")


@dataclass(frozen=True)
class Act:
    """One thing that happened. `ip` is where it was done from; None when by the site itself."""

    at: datetime
    text: str
    ip: str | None


def of_member(user_id: int, email: str, *, newest: int) -> list[Act]:
    """The newest first, so many; theirs alone."""
    kinds = or_(Entry.kind.in_(CODES), *(Entry.kind.startswith(kind) for kind in ABOUT_SAFETY))
    latest = (
        select(Entry)
        .where(timeline.about(user_id, email), kinds)
        .order_by(Entry.at.desc(), Entry.id.desc())
        .limit(newest)
    )
    return [
        Act(entry.at, sentences.of_entry(entry), entry.ip) for entry in db.session.scalars(latest)
    ]
