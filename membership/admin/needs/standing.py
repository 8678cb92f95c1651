"""What needed the owner when it was last looked at, and what of that they were told.

The worker looks every minute; pages read what it has written, so that they ask nothing of their
own.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, jobs
from membership.admin.needs.need import Need, Severity
from membership.db import Model, db

SILENT = "The worker is silent: no mail leaves, and no webhook is worked on"


class OwnerNeed(Model):
    """A need by its name, standing until `solved_at`. `news`: there is something to tell; `told_at`
    is when the owners were last written to about it."""

    __tablename__ = "owner_needs"
    name: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[Severity]
    title: Mapped[str]
    sentence: Mapped[str]
    endpoint: Mapped[str]
    since: Mapped[datetime]
    newest: Mapped[datetime | None]
    news: Mapped[bool] = mapped_column(default=True)
    told_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]


def find(session: Session, name: str) -> Need | None:
    """The need of this name, if it stands."""
    row = session.get(OwnerNeed, name)
    if row is None or row.solved_at:
        return None
    return Need(row.name, row.severity, row.title, row.sentence, row.endpoint, row.since)


def alarm() -> str | None:
    """For every page an owner opens: what needs them now, in a few words."""
    beat = jobs.last_beat()
    if beat and jobs.silent(beat, clock.now()):
        return SILENT
    now = select(OwnerNeed.title).where(
        OwnerNeed.severity == Severity.NOW, OwnerNeed.solved_at.is_(None)
    )
    titles = db.session.scalars(now.order_by(OwnerNeed.since, OwnerNeed.name)).all()
    if not titles:
        return None
    more = len(titles) - 1
    return f"{titles[0]}, and {more} more" if more else titles[0]
