"""The one rule that decides now, in a sentence: pure words over what the ledger says.

They name nobody, so that the owner and the member read the same. `why.py` reads the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from membership.billing.dates import day
from membership.billing.entitlements import UNDER_WAY, Source


@dataclass(frozen=True)
class Held:
    """A grant, and what it was granted for: `bought` is the product's name.

    `reason` is the rule that wrote it, as entitlements names them. Of a subscription `period_end`
    is until when it is paid, and `unpaid_since` the start of the oldest period that is not.
    """

    feature: str
    source: Source
    starts_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    reason: str
    bought: str = ""
    period_end: datetime | None = None
    unpaid_since: datetime | None = None

    @property
    def end(self) -> datetime | None:
        """When it ended, or will; None is never."""
        ends = [moment for moment in (self.ends_at, self.revoked_at) if moment]
        return min(ends, default=None)

    def open(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.end is None or self.end > now)


@dataclass(frozen=True)
class Verdict:
    """Whether a feature is open, and why. `sentence` begins with Open or Shut."""

    feature: str
    open: bool
    sentence: str


def verdicts(held: Iterable[Held], *, grace: timedelta, now: datetime) -> list[Verdict]:
    """For each feature that was ever granted, by the grant that lasts longest."""
    longest: dict[str, Held] = {}
    for one in held:
        other = longest.get(one.feature)
        if other is None or _outlasts(one, other):
            longest[one.feature] = one
    return [_verdict(one, grace, now) for _, one in sorted(longest.items())]


def name_of(feature: str) -> str:
    """field_guide → Field guide"""
    return feature.replace("_", " ").replace("-", " ").capitalize()


def _verdict(held: Held, grace: timedelta, now: datetime) -> Verdict:
    is_open = held.open(now)
    if held.starts_at > now:
        when = f"Shut until {day(held.starts_at)}"
    elif held.end is None:
        when = "Open for good"
    else:
        when = f"{'Open until' if is_open else 'Shut since'} {day(held.end)}"
    return Verdict(held.feature, is_open, f"{when}: {_because(held, is_open, grace)}.")


def _because(held: Held, is_open: bool, grace: timedelta) -> str:
    what = f"“{held.bought}”"
    match held.reason.split(", "):
        case ["refunded"]:
            return f"the payment for {what} was refunded in full"
        case ["disputed", status]:
            now = "and that is not decided yet" if status in UNDER_WAY else "and was lost"
            return f"the payment for {what} is disputed at the payer’s bank, {now}"
        case ["no longer part of the product"]:
            return f"{what} does not include it any more"
        case ["no longer this member's payment"]:
            return "the payment that opened it turned out to belong to somebody else"
        case [unknown] if unknown.startswith("unknown "):
            return f"Stripe told us of an {unknown}, so what was there before stays as it was"
    match held.source:
        case Source.SUBSCRIPTION:
            return _subscribed(held, what, is_open, grace)
        case Source.PURCHASE:
            return _bought(held, what)
        case Source.COMP if held.revoked_at:
            return "the owner has taken back what was given"
        case Source.COMP:
            return f"it was given on {day(held.starts_at)}, without payment"


def _subscribed(held: Held, what: str, is_open: bool, grace: timedelta) -> str:
    match held.reason.split(", "):
        case [_, "ends as scheduled"]:
            return f"{what} was cancelled, and {'ends' if is_open else 'ended'} then"
        case [_, "collection paused"]:
            return f"payments for {what} are paused, and it was paid for until then"
        case ["active" | "trialing" as status]:
            return _going_on(held, what, is_open, trial=status == "trialing")
        case ["past_due", _]:
            return _overdue(held, what, is_open, grace)
        case ["canceled"]:
            return f"{what} has ended"
        case ["unpaid"]:
            return f"a payment for {what} failed, and Stripe has stopped trying"
        case ["paused"]:
            return f"{what} is paused, and nothing is paid for it meanwhile"
        case _:  # incomplete, incomplete_expired
            return f"the first payment for {what} has not gone through"


def _going_on(held: Held, what: str, is_open: bool, *, trial: bool) -> str:
    until = f" until {day(held.period_end)}" if held.period_end else ""
    if not is_open:
        paid = "was free to try" if trial else "was paid"
        return f"{what} {paid}{until}, and no later payment has reached us"
    paid = "is free to try" if trial else "is paid"
    return f"{what} {paid}{until}, and the next payment has a day to arrive"


def _overdue(held: Held, what: str, is_open: bool, grace: timedelta) -> str:
    since = f" since {day(held.unpaid_since)}" if held.unpaid_since else ""
    days = "1 day" if grace.days == 1 else f"{grace.days} days"
    if is_open:
        return f"the payment for {what} is overdue{since}, and the {days} of grace end then"
    return f"the payment for {what} is overdue{since}, and the {days} of grace have ended"


def _bought(held: Held, what: str) -> str:
    bought = f"{what} was bought on {day(held.starts_at)}"
    if held.ends_at is None:
        return bought
    days = (held.ends_at - held.starts_at).days
    return f"{bought}, and opens it for {'1 day' if days == 1 else f'{days} days'}"


def _outlasts(one: Held, other: Held) -> bool:
    if one.end is None or other.end is None:
        return other.end is not None
    return one.end > other.end
