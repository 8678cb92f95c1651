"""How fast we call Stripe, all processes together: counted in the database.

Work in the background takes turns, so many a second. A member's own request takes none, and fits
into what Stripe allows beyond that. When Stripe says that it is too much (429), everybody waits.

Times are seconds of real time: a clock that is behind the others' makes its process wait longer,
and never lets more through.
"""

import threading
import time
from collections import deque

from flask import Flask, current_app, has_request_context
from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import config
from membership.db import Model, changed, db, end_reading, transaction

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds: after a 429, and after many
FORGIVEN = 60.0  # seconds without another one, and the next is the first again
PEOPLE_WAIT, WORK_WAITS = 1.0, 5.0  # seconds, at most, until Stripe may be called again
STALE = 1.0  # seconds after which a turn that was not used is lost


class Paused(Exception):
    """Stripe has asked for a pause that is too long to wait for."""


class Pace(Model):
    """One row. `next_at`: the turn after those that are taken; `closed_until`: the pause's end."""

    __tablename__ = "stripe_pace"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_at: Mapped[float]
    closed_until: Mapped[float]
    refusals: Mapped[int]


class Turns:
    """The turns this process has taken and not used yet: some at a time, to write less often."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine: deque[float] = deque()

    def next(self) -> float:
        """When the caller may call."""
        with self._lock:
            while self._mine and self._mine[0] < time.time() - STALE:
                self._mine.popleft()
            if not self._mine:
                self._mine.extend(_some_more())
            return self._mine.popleft()


def init_app(app: Flask) -> None:
    app.extensions["stripe_pace"] = Turns()


def wait() -> None:
    """Until Stripe may be called. Raises Paused rather than wait for long.

    No transaction may be open.
    """
    closed = _closed_for(time.time())
    if has_request_context():
        time.sleep(min(closed, PEOPLE_WAIT))
        return
    if closed > WORK_WAITS:
        raise Paused(f"Stripe had too many calls: none before {closed:.0f} seconds have passed")
    turns: Turns = current_app.extensions["stripe_pace"]
    time.sleep(max(closed, turns.next() - time.time(), 0))


def refused() -> None:
    """Stripe said 429: nobody calls for a while, longer and longer while it goes on."""
    now = time.time()
    with transaction() as session:
        refuse(session, now)


def take(session: Session, how_many: int, per_second: int, now: float) -> float:
    """Take turns that follow each other; when the first of them is."""
    _make_row(session)
    step = 1 / per_second
    first = case((Pace.next_at > now, Pace.next_at), else_=now)
    taken = update(Pace).values(next_at=first + how_many * step).returning(Pace.next_at)
    return session.execute(taken).scalar_one() - how_many * step


def refuse(session: Session, now: float) -> None:
    """Begin a pause, unless one is under way: calls that were out already count as one."""
    _make_row(session)
    forgiven = Pace.closed_until < now - FORGIVEN
    row = session.execute(
        update(Pace)
        .where(Pace.closed_until <= now)
        .values(refusals=case((forgiven, 1), else_=Pace.refusals + 1), closed_until=now)
        .returning(Pace.refusals)
    ).scalar_one_or_none()
    if row:
        pause = min(FIRST_PAUSE * 2 ** (min(row, 10) - 1), LONGEST_PAUSE)
        changed(session, update(Pace).values(closed_until=now + pause))


def _some_more() -> list[float]:
    """A quarter of a second's turns."""
    per_second = config.current().stripe_calls_per_second
    how_many = max(1, per_second // 4)
    with transaction() as session:
        first = take(session, how_many, per_second, time.time())
    return [first + n / per_second for n in range(how_many)]


def _closed_for(now: float) -> float:
    """Seconds until the pause is over; 0 when there is none."""
    until = db.session.scalar(select(Pace.closed_until)) or 0.0
    end_reading()
    return max(until - now, 0.0)


def _make_row(session: Session) -> None:
    if session.scalar(select(Pace.id)) is None:
        try:
            with session.begin_nested():
                session.add(Pace(id=1, next_at=0.0, closed_until=0.0, refusals=0))
        except IntegrityError:
            pass  # another process made it
