"""What each mail is called, and the name of each fact, by which nobody is told twice."""

from datetime import datetime

PAYMENT_RECEIVED = "payment_received"
PAYMENT_FAILED = "payment_failed"
TRIAL_ENDING = "trial_ending"
ACCESS_ENDED = "access_ended"
PAYMENT_CLAIMED = "payment_claimed"
PAYMENT_GIVEN = "payment_given"  # the same, to whoever paid it


def received(payment_intent: str) -> str:
    return f"{PAYMENT_RECEIVED}:{payment_intent}"


def failed(subscription_id: str, unpaid_since: datetime) -> str:
    """Once for a period that is not paid for, however often the card is tried."""
    return f"{PAYMENT_FAILED}:{subscription_id}:{_at(unpaid_since)}"


def trial_ending(subscription_id: str, trial_end: datetime) -> str:
    return f"{TRIAL_ENDING}:{subscription_id}:{_at(trial_end)}"


def ended(source_ref: str, at: datetime) -> str:
    """Once for all that ended together with what was bought."""
    return f"{ACCESS_ENDED}:{source_ref}:{_at(at)}"


def claimed(key: str, at: datetime) -> str:
    return f"{PAYMENT_CLAIMED}:{key}:{_at(at)}"


def given(key: str, email: str, at: datetime) -> str:
    return f"{PAYMENT_GIVEN}:{key}:{email}:{_at(at)}"


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
