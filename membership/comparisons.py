"""Comparisons of somebody else's whole list with our rows: begun each night, or by command.

They go in pieces, each committed with the place to go on from, and are gone on with by whoever
finds one cut short. What would end something waits until all of the list is known.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from membership import clock
from membership.db import db, transaction
from membership.due import Due

FEW = 5  # so many may always be ended
SHARE = 20  # and of more than a hundred one in so many


class Comparison(Due):
    """Columns of one. `night` is the date of a scheduled one, None of one by command; `cursor` is
    where to go on; `looked_at` counts what was read of the list; `braked`: it would have ended too
    many, and ended none; `error` is why it ended without an answer.
    """

    night: Mapped[str | None] = mapped_column(unique=True)
    dry_run: Mapped[bool] = mapped_column(default=False)
    force: Mapped[bool] = mapped_column(default=False)
    cursor: Mapped[str | None]
    looked_at: Mapped[int] = mapped_column(default=0)
    braked: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None]
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)


Run = TypeVar("Run", bound=Comparison)


def begin(model: type[Run], *, dry_run: bool, force: bool) -> int:
    """By command: one that was cut short, or a new one; its number."""
    with transaction() as session:
        same = select(model).where(
            model.night.is_(None),
            model.ended_at.is_(None),
            model.dry_run.is_(dry_run),
            model.force.is_(force),
        )
        run = session.scalars(same.order_by(model.id).limit(1)).first()
        if run is None:
            run = model()
            run.dry_run, run.force, run.due_at = dry_run, force, clock.now()
            session.add(run)
            session.flush()
        return run.id


def plan(model: type[Run], *, hour: int) -> None:
    """The next night's, at this hour UTC, unless it is there."""
    now = clock.now()
    at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    at += timedelta(days=1) if at <= now else timedelta()
    waiting = select(model.id).where(model.night.is_not(None), model.ended_at.is_(None))
    if db.session.scalars(waiting.limit(1)).first() is None:
        run = model()
        run.night, run.due_at = at.date().isoformat(), at
        try:
            with transaction() as session:
                session.add(run)
        except IntegrityError:
            return  # another process was first


def too_many(ending: int, of_all: int) -> bool:
    """Whether to end so many is too much to be true."""
    return ending > most_that_may_end(of_all)


def most_that_may_end(of_all: int) -> int:
    """How many may be ended without asking."""
    return max(FEW, of_all // SHARE)
