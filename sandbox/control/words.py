"""Objects of Stripe's as a person reads them."""

from datetime import UTC, datetime

from sandbox.store import Document
from sandbox.stripe.money import price

HOUR = 60 * 60
DAY = 24 * HOUR


def moment(at: float) -> str:
    """“3 December 2026, 14:05”, in UTC."""
    told = datetime.fromtimestamp(at, UTC)
    return f"{told.day} {told:%B %Y, %H:%M}"


def clock_time(at: float) -> str:
    """“14:05:09”, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def length(seconds: int) -> str:
    """“3 days and 2 hours”; less than an hour is “some minutes”."""
    days, hours = seconds // DAY, seconds % DAY // HOUR
    told = [_counted(days, "day")] * bool(days) + [_counted(hours, "hour")] * bool(hours)
    return " and ".join(told) or "some minutes"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def day(at: int) -> str:
    told = datetime.fromtimestamp(at, UTC)
    return f"{told.day} {told:%b %Y}"


def plan(subscription: Document) -> str:
    """“€5.00 / month”, and so on for each item."""
    items = subscription["items"]["data"]
    return ", ".join(price(item["price"]) for item in items)


def state(subscription: Document) -> str:
    """How it stands, in a sentence."""
    status = subscription["status"]
    items = subscription["items"]["data"]
    end = day(max(int(item["current_period_end"]) for item in items))
    if status in ("canceled", "incomplete_expired"):
        return f"Ended on {day(subscription['ended_at'] or subscription['created'])}."
    if status == "paused":
        return "Paused."
    if status == "unpaid":
        return "Unpaid: every attempt has failed."
    if status == "incomplete":
        return "Not begun: the first payment is missing."
    if subscription["cancel_at"]:
        end_at = day(subscription["cancel_at"])
        return f"{'In trial' if status == 'trialing' else 'Active'}, ends on {end_at}."
    if status == "past_due":
        return "Past due: the last charge failed and will be tried again."
    if status == "trialing":
        return f"In trial until {end}."
    return f"Active, renews on {end}."


def charge_state(charge: Document, told: str) -> str:
    """What became of a payment. `told` is what was refunded, as money."""
    if charge["disputed"]:
        return "Disputed"
    if charge["refunded"]:
        return "Refunded"
    if charge["amount_refunded"]:
        return f"Refunded {told}"
    return {"failed": "Declined", "pending": "On its way"}.get(charge["status"], "Paid")
