"""Billing periods over the ends of months."""

from datetime import UTC, datetime

import pytest

from sandbox.stripe.periods import later


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("anchor", "interval", "count", "end"),
    [
        ("2026-01-15T10:30", "month", 1, "2026-02-15T10:30"),
        ("2026-01-31", "month", 1, "2026-02-28"),
        ("2026-01-31", "month", 2, "2026-03-31"),
        ("2028-01-31", "month", 1, "2028-02-29"),
        ("2026-11-30", "month", 3, "2027-02-28"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2028-02-29", "year", 4, "2032-02-29"),
        ("2026-12-31", "week", 2, "2027-01-14"),
        ("2026-03-28T12:00", "day", 3, "2026-03-31T12:00"),
    ],
)
def test_a_period_ends_where_stripe_ends_it(
    anchor: str, interval: str, count: int, end: str
) -> None:
    assert later(moment(anchor), interval, count) == moment(end)
