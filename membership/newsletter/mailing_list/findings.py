"""What comparing the whole list with our rows has found, kept for the owner to read.

A comparison goes page by page, each committed with the place to go on from: whoever takes it over
after a crash goes on from there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, due
from membership.comparisons import Comparison
from membership.db import Model, changed
from membership.newsletter.models import Subscriber

KEPT = timedelta(days=90)


class ListSweep(Comparison, Model):
    """One comparison. `read_whole` says that there is no further page; `stopping` and `readers` are
    what the brake judged by.
    """

    __tablename__ = "list_sweeps"
    id: Mapped[int] = mapped_column(primary_key=True)
    read_whole: Mapped[bool] = mapped_column(default=False)
    stopping: Mapped[int] = mapped_column(default=0)
    readers: Mapped[int] = mapped_column(default=0)


class ListFinding(Model):
    """A reader of whom MailerLite has something else than it should; `because` says what. `stops`:
    to mend it would end their letters, so it waits for the brake."""

    __tablename__ = "list_findings"
    __table_args__ = (UniqueConstraint("run_id", "subscriber_id"), Index(None, "run_id", "stops"))
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("list_sweeps.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int]  # they may have left since
    because: Mapped[str]
    stops: Mapped[bool] = mapped_column(default=False)


def keep(session: Session, run: ListSweep, found: Iterable[ListFinding]) -> None:
    """Each reader once a run: a list that is changed while it is read shows some of them twice."""
    by_reader = {each.subscriber_id: each for each in found}
    here = select(ListFinding.subscriber_id).where(
        ListFinding.run_id == run.id, ListFinding.subscriber_id.in_(by_reader)
    )
    known = set(session.scalars(here))
    session.add_all(each for reader, each in by_reader.items() if reader not in known)
    session.flush()


def stopping(session: Session, run: ListSweep) -> list[int]:
    """Readers whose letters would end."""
    of_run = select(ListFinding.subscriber_id).where(ListFinding.run_id == run.id)
    return list(session.scalars(of_run.where(ListFinding.stops)))


def counted(session: Session, run_id: int) -> Mapping[str, int]:
    """How many of each kind, the most of all first."""
    count = func.count()
    by_kind = select(ListFinding.because, count).where(ListFinding.run_id == run_id)
    ordered = by_kind.group_by(ListFinding.because).order_by(count.desc(), ListFinding.because)
    return {row[0]: row[1] for row in session.execute(ordered)}


def latest(session: Session) -> ListSweep | None:
    """The comparison that ended last and was more than a look."""
    ended = select(ListSweep).where(ListSweep.ended_at.is_not(None), ListSweep.dry_run.is_(False))
    return session.scalars(ended.order_by(ListSweep.ended_at.desc()).limit(1)).first()


def how_many_readers(session: Session) -> int:
    return session.scalar(select(func.count()).where(Subscriber.letters)) or 0


def finish(session: Session, run: ListSweep, *, error: str | None = None) -> None:
    run.ended_at, run.error = clock.now(), error
    due.give_back(session, run)


def forget_old(session: Session, now: datetime) -> None:
    ids = list(session.scalars(select(ListSweep.id).where(ListSweep.ended_at < now - KEPT)))
    if ids:
        changed(session, delete(ListFinding).where(ListFinding.run_id.in_(ids)))
        changed(session, delete(ListSweep).where(ListSweep.id.in_(ids)))
