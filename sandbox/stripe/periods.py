"""Billing periods: a month after 31 January is 28 February, and the month after that 31 March."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}


def later(anchor: int, interval: str, count: int) -> int:
    """The moment `count` intervals after an anchor; unix seconds."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((start + timedelta(days=DAYS[interval] * count)).timestamp())
    months = start.year * 12 + start.month - 1 + MONTHS[interval] * count
    year, month = months // 12, months % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def next_end(anchor: int, start: int, interval: str, count: int) -> int:
    """The end of the period that begins at, or is under way at, `start`.

    It is the first moment after `start` that lies whole intervals after the anchor; or the anchor
    itself while that is still to come, as it is in a trial.
    """
    if anchor > start:
        return anchor
    passed = _whole_intervals(anchor, start, interval) // count
    end = later(anchor, interval, passed * count)
    while end <= start:
        passed += 1
        end = later(anchor, interval, passed * count)
    return end


def _whole_intervals(anchor: int, moment: int, interval: str) -> int:
    """How many have passed, or one more than have: never so many that a period is left out."""
    if interval in DAYS:
        return (moment - anchor) // (DAYS[interval] * 24 * 60 * 60)
    begin, now = datetime.fromtimestamp(anchor, UTC), datetime.fromtimestamp(moment, UTC)
    months = (now.year - begin.year) * 12 + now.month - begin.month
    return months // MONTHS[interval]
