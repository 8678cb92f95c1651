"""Dates as people read them."""

from datetime import date

from babel.dates import format_date


def day(moment: date) -> str:
    """21 November 2026, for a date or a time."""
    return format_date(moment, "d MMMM yyyy", locale="en")


def month(moment: date) -> str:
    """November, for a date or a time."""
    return format_date(moment, "LLLL", locale="en")
