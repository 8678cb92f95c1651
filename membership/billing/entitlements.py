"""Who may use what, until when, and why: pure rules, one table of tests.

Everything here is a function of (subscriptions, purchases, policy, now). Times are aware UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LEEWAY = timedelta(hours=24)  # renewals are charged about an hour late, and webhooks follow
PAID = ("paid", "no_payment_required")


class Source(StrEnum):
    SUBSCRIPTION = "subscription"
    PURCHASE = "purchase"
    COMP = "comp"


@dataclass(frozen=True)
class Policy:
    grace: timedelta


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as Stripe has it. `status` is Stripe's word, known to us or not."""

    stripe_id: str
    status: str
    features: frozenset[str]
    started_at: datetime
    period_start: datetime
    period_end: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    oldest_open_invoice_start: datetime | None


@dataclass(frozen=True)
class PurchaseFacts:
    """A one-off: the Checkout Session that sold it."""

    session_id: str
    payment_status: str
    features: frozenset[str]
    paid_at: datetime
    access_days: int | None


@dataclass(frozen=True)
class Wanted:
    """A grant that should exist. `ends_at` None is for good."""

    feature: str
    source: Source
    source_ref: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str


GrantKey = tuple[str, str]  # source_ref, feature


def wanted_grants(
    subscriptions: Iterable[SubscriptionFacts],
    purchases: Iterable[PurchaseFacts],
    *,
    policy: Policy,
    held: Mapping[GrantKey, datetime | None],
    now: datetime,
) -> list[Wanted]:
    """Every grant these entitle to; `held` are the ends of the grants there are already."""
    wanted = [
        Wanted(feature, Source.SUBSCRIPTION, sub.stripe_id, begun, end, reason)
        for sub in subscriptions
        for begun in [min(sub.started_at, now)]  # our clock may be behind Stripe's
        for feature in sorted(sub.features)
        for end, reason in [_until(sub, policy, held.get((sub.stripe_id, feature), now), now)]
    ]
    return wanted + [
        Wanted(
            feature,
            Source.PURCHASE,
            bought.session_id,
            bought.paid_at,
            purchase_end(bought.paid_at, bought.access_days),
            "paid",
        )
        for bought in purchases
        if bought.payment_status in PAID
        for feature in sorted(bought.features)
    ]


def grace_end(
    oldest_open_invoice_start: datetime | None, period_start: datetime, grace: timedelta
) -> datetime:
    """When access ends after a failed charge.

    Counted from the start of the oldest period that is not paid for: Stripe has moved the period
    on before it charged, so its end is not. Looking again later never moves this date.
    """
    return (oldest_open_invoice_start or period_start) + grace


def purchase_end(paid_at: datetime, access_days: int | None) -> datetime | None:
    """When a one-off's access ends; None is for good."""
    return paid_at + timedelta(days=access_days) if access_days else None


def _until(
    sub: SubscriptionFacts, policy: Policy, held_until: datetime | None, now: datetime
) -> tuple[datetime | None, str]:
    match sub.status:
        case "active" | "trialing":
            if sub.cancel_at:
                return sub.cancel_at, f"{sub.status}, ends as scheduled"
            return sub.period_end + LEEWAY, sub.status
        case "past_due":
            end = grace_end(sub.oldest_open_invoice_start, sub.period_start, policy.grace)
            return end, "past_due, in grace"
        case "canceled":
            return sub.ended_at or _at_once(held_until, now), "canceled"
        case "unpaid" | "incomplete" | "incomplete_expired" | "paused":
            return _at_once(held_until, now), sub.status
        case _:
            return held_until, f"unknown status {sub.status}"


def _at_once(held_until: datetime | None, now: datetime) -> datetime:
    """Now, or when it ended already: looking again does not move the date."""
    return min(held_until, now) if held_until else now
