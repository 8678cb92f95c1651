"""Dates as people read them."""

from datetime import date, datetime

from babel.dates import format_date


def day(moment: date) -> str:
    """21 November 2026, for a date or a time."""
    return format_date(moment, "d MMMM yyyy", locale="en")


def exact(moment: date) -> str:
    """2026-11-21, or 2026-11-21T09:30:00+00:00: as <time datetime> wants it, no finer."""
    return moment.isoformat("T", "seconds") if isinstance(moment, datetime) else moment.isoformat()


def month(moment: date) -> str:
    """November, for a date or a time."""
    return format_date(moment, "LLLL", locale="en")
