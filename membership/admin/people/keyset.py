"""Long lists a page at a time: what comes after a row is found by that row's own place in an index,
so the last page costs what the first does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, tuple_

from membership.db import PlainText, UTCDateTime, db

AT_ONCE = 50
_EPOCH = datetime.fromtimestamp(0, UTC)
_MOST = 2**63  # where SQLite's whole numbers end


class NoSuchPlace(ValueError):
    """That is not a place in this list."""


def page(
    rows: Select[Any], places: Sequence[ColumnElement[Any]], after: str | None
) -> tuple[list[Row[Any]], str | None]:
    """At most AT_ONCE rows, the greatest `places` first, and where to go on, if there are more.

    `after` is where the page before this one said to go on. Raises NoSuchPlace.
    """
    if after:
        place = [literal(_read(p, c), c.type) for p, c in _paired(after, places)]
        rows = rows.where(tuple_(*places) < tuple_(*place))
    rows = rows.order_by(*(column.desc() for column in places)).add_columns(*places)
    found = list(db.session.execute(rows.limit(AT_ONCE + 1)).all())
    if len(found) <= AT_ONCE:
        return found, None
    last = found[AT_ONCE - 1]
    return found[:AT_ONCE], "~".join(_written(part) for part in last[-len(places) :])


def _paired(
    after: str, places: Sequence[ColumnElement[Any]]
) -> list[tuple[str, ColumnElement[Any]]]:
    parts = after.split("~", len(places) - 1)
    if len(parts) != len(places):
        raise NoSuchPlace(after)
    return list(zip(parts, places, strict=True))


def _written(part: object) -> str:
    if isinstance(part, datetime):
        return str((part - _EPOCH) // timedelta(microseconds=1))
    return str(part)


def _read(part: str, column: ColumnElement[Any]) -> object:
    if isinstance(column.type, PlainText):
        return part
    try:
        number = int(part)
        if isinstance(column.type, UTCDateTime):
            return _EPOCH + timedelta(microseconds=number)
    except (ValueError, OverflowError) as error:
        raise NoSuchPlace(part) from error
    if abs(number) >= _MOST:
        raise NoSuchPlace(part)
    return number
