"""How fast we call others, all processes together: counted in the database, a row for each of them.

Calls take turns that follow each other. Some may run ahead of their turn, and how far is what tells
work that can wait from people who cannot. Who says that it is too much (429) is called by nobody
for a while.

Times are seconds of real time: a clock that is behind the others' makes its process wait longer,
and never lets more through.
"""

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Model, changed, db, end_reading

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds: after a 429, and after many
FORGIVEN = 60.0  # seconds without another one, and the next is the first again


class Pace(Model):
    """`next_at`: the turn after those that are taken; `closed_until`: the pause's end."""

    __tablename__ = "paces"
    whom: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[float]
    closed_until: Mapped[float]
    refusals: Mapped[int]


def take(session: Session, whom: str, how_many: int, every: float, now: float) -> float:
    """Take turns that follow each other, `every` so many seconds; when the first of them is."""
    _make_row(session, whom)
    first = case((Pace.next_at > now, Pace.next_at), else_=now)
    taken = (
        update(Pace)
        .where(Pace.whom == whom)
        .values(next_at=first + how_many * every)
        .returning(Pace.next_at)
    )
    return session.execute(taken).scalar_one() - how_many * every


def take_within(session: Session, whom: str, every: float, within: float, now: float) -> float:
    """Take the next turn if it comes within so many seconds. Seconds until then; more than `within`
    when it comes later, and was not taken."""
    _make_row(session, whom)
    next_at = session.execute(
        select(Pace.next_at).where(Pace.whom == whom).with_for_update()
    ).scalar_one()
    wait = max(next_at - now, 0.0)
    if wait <= within:
        taken = update(Pace).where(Pace.whom == whom).values(next_at=now + wait + every)
        changed(session, taken)
    return wait


def hold(session: Session, whom: str, until: float) -> None:
    """No turn comes before that moment."""
    _make_row(session, whom)
    later = update(Pace).where(Pace.whom == whom, Pace.next_at < until).values(next_at=until)
    changed(session, later)


def close(session: Session, whom: str, until: float) -> None:
    """A pause of which we were told how long it is."""
    _make_row(session, whom)
    longer = update(Pace).where(Pace.whom == whom, Pace.closed_until < until)
    changed(session, longer.values(closed_until=until))


def refuse(session: Session, whom: str, now: float) -> None:
    """Begin a pause of our own choice, longer and longer while it goes on; none while one is under
    way: calls that were out already count as one."""
    _make_row(session, whom)
    forgiven = Pace.closed_until < now - FORGIVEN
    row = session.execute(
        update(Pace)
        .where(Pace.whom == whom, Pace.closed_until <= now)
        .values(refusals=case((forgiven, 1), else_=Pace.refusals + 1), closed_until=now)
        .returning(Pace.refusals)
    ).scalar_one_or_none()
    if row:
        pause = min(FIRST_PAUSE * 2 ** (min(row, 10) - 1), LONGEST_PAUSE)
        until = update(Pace).where(Pace.whom == whom).values(closed_until=now + pause)
        changed(session, until)


def closed_for(whom: str, now: float) -> float:
    """Seconds until the pause is over; 0 when there is none."""
    until = db.session.scalar(select(Pace.closed_until).where(Pace.whom == whom)) or 0.0
    end_reading()
    return max(until - now, 0.0)


def _make_row(session: Session, whom: str) -> None:
    if session.scalar(select(Pace.whom).where(Pace.whom == whom)) is None:
        try:
            with session.begin_nested():
                session.add(Pace(whom=whom, next_at=0.0, closed_until=0.0, refusals=0))
        except IntegrityError:
            pass  # another process made it
