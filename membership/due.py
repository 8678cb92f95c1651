"""Rows that say what is due.

A row with `due_at` in the past wants work. Claiming it moves `due_at` to the end of a lease, so a
worker that dies gives it back by doing nothing. Finishing and putting off compare that lease: a
row that was made due again, or taken over, while we worked on it is left as it is.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, inspect, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import changed

LEASE = timedelta(seconds=120)
_FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=1)
_NAME = re.compile(r"[A-Za-z_][\w.]*")


class Away(Exception):
    """Whoever the work depends on does not answer: the other rows need not try just now.

    `wait`: they, or our share of their time, said for how long; it is then no failure of the work.
    """

    wait: timedelta | None = None


class TakenOver(Exception):
    """Another process has the row by now: what was done since the claim is not to be written."""


class Due:
    """Columns of a row that can be due. `attempts` counts failures since it last succeeded."""

    id: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]

    @property
    def why(self) -> str:
        """What went wrong last, in a line; empty when nothing did."""
        return in_a_line(self.last_error)

    def same_work(self) -> ColumnElement[bool] | None:
        """Which other rows the work on this one settles as well: those that are due are leased
        with it, so that nobody does the same beside it."""
        return None


Row = TypeVar("Row", bound=Due)


def claim(
    session: Session, model: type[Row], *criteria: ColumnElement[bool], now: datetime
) -> Row | None:
    """The row that is due longest, of those that fit, leased until `now + LEASE`; None if none."""
    return next(iter(claim_some(session, model, 1, *criteria, now=now)), None)


def claim_some(
    session: Session, model: type[Row], most: int, *criteria: ColumnElement[bool], now: datetime
) -> Sequence[Row]:
    """The same of several rows, `most` of them."""
    rows = session.scalars(
        select(model)
        .where(model.due_at <= now, *criteria)
        .order_by(model.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.due_at = inspect(row).info["lease"] = now + LEASE
    session.flush()
    for row in rows:
        _lease_same_work(session, row, now)
    return rows


def finish(session: Session, row: Due, *, again_at: datetime | None = None) -> bool:
    """The work is done; due once more at `again_at`, if given. False when it was made due anew."""
    return _release(session, row, due_at=again_at, attempts=0, last_error=None)


def give_back(session: Session, row: Due, *, again_at: datetime | None = None) -> None:
    """The same together with what was changed in the row itself. Raises TakenOver."""
    session.flush()
    if not finish(session, row, again_at=again_at):
        raise TakenOver(row.id)


def put_off(
    session: Session, row: Due, *, error: str, now: datetime, wait: timedelta | None = None
) -> datetime:
    """The work failed, for all that was leased together: keep why, and try again later and later.
    With a `wait` it only has to be later, and no attempt is spent. Returns when."""
    again_at = now + (backoff(row.attempts) if wait is None else wait)
    spent = int(wait is None)
    if (same := row.same_work()) is not None:
        model = type(row)
        others = update(model).where(
            same, model.due_at == inspect(row).info["lease"], model.id != row.id
        )
        failed = {"due_at": again_at, "attempts": model.attempts + spent, "last_error": error}
        changed(session, others.values(failed))
    _release(session, row, due_at=again_at, attempts=row.attempts + spent, last_error=error)
    return again_at


def backoff(attempts: int) -> timedelta:
    """5 s, 10 s, 20 s … at most an hour."""
    doublings: int = 2 ** min(attempts, 12)
    return min(_FIRST_RETRY * doublings, LAST_RETRY)


def in_a_line(error: str | None) -> str:
    """The last line of an error; of a traceback without the name that programs know it by."""
    lines = (error or "").strip().splitlines() or [""]
    last = lines[-1].strip()
    name, _, words = last.partition(": ")
    return words if len(lines) > 1 and words and _NAME.fullmatch(name) else last


def attempts_in(time: timedelta) -> int:
    """How many failures in a row it takes to have waited that long."""
    attempts, waited = 0, timedelta()
    while waited < time:
        waited += backoff(attempts)
        attempts += 1
    return attempts


def _lease_same_work(session: Session, row: Due, now: datetime) -> None:
    """But for those that somebody is claiming just now: two who claim never wait for each other."""
    model, same = type(row), row.same_work()
    if same is not None:
        due = select(model.id).where(model.due_at <= now, same).with_for_update(skip_locked=True)
        if ids := session.scalars(due).all():
            changed(session, update(model).where(model.id.in_(ids)).values(due_at=row.due_at))


def _release(session: Session, row: Due, **values: object) -> bool:
    """Give the lease back, if it is still ours."""
    model, lease = type(row), inspect(row).info["lease"]
    ours = update(model).where(model.id == row.id, model.due_at == lease).values(**values)
    released = changed(session, ours) == 1
    session.expire(row)
    return released
