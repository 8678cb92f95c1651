"""What is news, and what is history, whenever we hear of it: pure rules."""

from datetime import datetime, timedelta

FRESH = timedelta(days=3)
LONGEST_DEBIT = timedelta(days=21)  # a charge is as old as its order, however late it comes in


def is_fresh(happened: datetime, now: datetime) -> bool:
    return now - happened < FRESH


def paid_since(known_since: datetime, now: datetime) -> datetime:
    """Charges made since then are news, by somebody of whom we know since `known_since`: of a
    stranger a few days are."""
    return max(known_since - FRESH, now - LONGEST_DEBIT)
