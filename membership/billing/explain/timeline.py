"""A person's story out of the journal, day by day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import ColumnElement, and_, or_, select

from membership.accounts import address_changes
from membership.billing.explain import sentences
from membership.db import db
from membership.journal import Entry


@dataclass(frozen=True)
class Line:
    """One thing that happened. `inside` has kind, ids and addresses: for the owner alone."""

    at: datetime
    text: str
    inside: str


@dataclass(frozen=True)
class Day:
    """What happened on one day, in order."""

    date: date
    lines: list[Line]


def of_member(user_id: int, email: str, *, newest: int | None = None) -> list[Day]:
    """Theirs, day by day."""
    return _days(about(user_id, email), newest)


def about(user_id: int, email: str) -> ColumnElement[bool]:
    """What was recorded of the account, and of its address, or one it had before, when it had
    none."""
    moves = address_changes.of_member(db.session(), user_id)
    ours = [and_(Entry.email == move.was, Entry.at <= move.at) for move in moves]
    before = and_(Entry.user_id.is_(None), or_(Entry.email == email, *ours))
    return or_(Entry.user_id == user_id, before)


def of_address(email: str) -> list[Day]:
    """What is known of an address that has no account."""
    return _days(and_(Entry.user_id.is_(None), Entry.email == email), None)


def _days(whose: ColumnElement[bool], newest: int | None) -> list[Day]:
    latest = select(Entry).where(whose).order_by(Entry.at.desc(), Entry.id.desc()).limit(newest)
    entries = reversed(db.session.scalars(latest).all())
    lines = [_line(entry) for entry in entries]
    by_day = groupby(lines, lambda line: line.at.date())
    return [Day(date, list(_told_once(found))) for date, found in by_day]


def _line(entry: Entry) -> Line:
    known = {"user": entry.user_id, "email": entry.email, "ip": entry.ip, **entry.detail}
    inside = [f"{name}={value}" for name, value in known.items() if value is not None]
    return Line(entry.at, sentences.of_entry(entry), " ".join([entry.kind, *inside]))


def _told_once(lines: Iterable[Line]) -> Iterable[Line]:
    """The same thing several times in a row is said once, with how often."""
    for text, same in groupby(lines, lambda line: line.text):
        first, *more = same
        times = f" ({len(more) + 1} times)" if more else ""
        yield Line(first.at, text + times, first.inside)
