"""Who may use what, until when, and why: pure rules, one table of tests.

Everything here is a function of (subscriptions, purchases, policy, now). Times are aware UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LEEWAY = timedelta(hours=24)  # renewals are charged about an hour late, and webhooks follow
PAID = ("paid", "no_payment_required")
GOING_ON = ("active", "trialing")
OPENING = (*GOING_ON, "past_due")
IN_GRACE = "past_due, in grace"  # why a grant is open still
NEVER_BEGAN = ("incomplete", "incomplete_expired")
ENDED = ("canceled", "incomplete_expired")
STOPPED = ("unpaid", "paused", *NEVER_BEGAN)
STATUSES = (*OPENING, *STOPPED, "canceled")
# Of a dispute: the bank has taken the money back, or the shop has it. An inquiry moves none.
UNDER_WAY = ("needs_response", "under_review")
LOST = ("lost", "appeal_needs_response", "appeal_under_review")
TAKEN = (*UNDER_WAY, *LOST)
KEPT = ("won", "prevented")
INQUIRY = "warning_"


class Source(StrEnum):
    SUBSCRIPTION = "subscription"
    PURCHASE = "purchase"
    COMP = "comp"


@dataclass(frozen=True)
class Policy:
    """`on_refund`: purchase, always or never; `on_dispute`: suspend or keep."""

    grace: timedelta
    on_refund: str = "purchase"
    on_dispute: str = "suspend"


@dataclass(frozen=True)
class PaymentFacts:
    """A charge that succeeded, in minor units. `dispute_status` is Stripe's word, or None."""

    amount: int
    amount_refunded: int = 0
    dispute_status: str | None = None


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as Stripe has it. `status` is Stripe's word, known to us or not.

    `latest_payment` is the newest of those that succeeded: older ones never close a door.
    `paid_until` is the end of what the newest invoice that is paid was for; None when none is.
    """

    stripe_id: str
    status: str
    features: frozenset[str]
    started_at: datetime
    period_start: datetime
    period_end: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    oldest_open_invoice_start: datetime | None
    paid_until: datetime | None = None
    collection_paused: bool = False
    latest_payment: PaymentFacts | None = None


@dataclass(frozen=True)
class PurchaseFacts:
    """A one-off: what a Checkout Session sold, one for each product of it. `payment` is None when
    it cost nothing."""

    session_id: str
    product_id: str
    status: str
    payment_status: str
    features: frozenset[str]
    paid_at: datetime
    access_days: int | None
    payment: PaymentFacts | None = None


@dataclass(frozen=True)
class Held:
    """A grant there is already. `ends_at` None is for good."""

    ends_at: datetime | None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Wanted:
    """A grant that should exist. `ends_at` None is for good; a revoked one opens nothing."""

    feature: str
    source: Source
    source_ref: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    revoked_at: datetime | None = None


GrantKey = tuple[str, str]  # source_ref, feature


def wanted_grants(
    subscriptions: Iterable[SubscriptionFacts],
    purchases: Iterable[PurchaseFacts],
    *,
    policy: Policy,
    held: Mapping[GrantKey, Held],
    now: datetime,
) -> list[Wanted]:
    """Every grant these entitle to; `held` are the grants there are already."""
    rules = _Rules(policy, held, now)
    wanted = [w for sub in subscriptions for w in rules.of_subscription(sub)]
    return wanted + _longest(w for bought in purchases for w in rules.of_purchase(bought))


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


def fully_refunded(payment: PaymentFacts | None) -> bool:
    return payment is not None and payment.amount_refunded >= payment.amount > 0


def knows_status(status: str) -> bool:
    """Whether we know what a subscription's status means."""
    return status in STATUSES


def knows_dispute(status: str) -> bool:
    """Whether we know what a dispute's status means."""
    return status in TAKEN or status in KEPT or status.startswith(INQUIRY)


@dataclass(frozen=True)
class _Rules:
    policy: Policy
    held: Mapping[GrantKey, Held]
    now: datetime

    def of_subscription(self, sub: SubscriptionFacts) -> Iterator[Wanted]:
        refund_ends = self.policy.on_refund == "always"
        for feature in sorted(sub.features):
            held = self.held.get((sub.stripe_id, feature))
            if held is None and sub.status in NEVER_BEGAN:
                continue
            end, reason = self._until(sub, held)
            wanted = Wanted(
                feature,
                Source.SUBSCRIPTION,
                sub.stripe_id,
                min(sub.started_at, self.now),  # our clock may be behind Stripe's
                end,
                reason,
            )
            yield self._judged(wanted, held, sub.latest_payment, refund_ends=refund_ends)

    def of_purchase(self, bought: PurchaseFacts) -> Iterator[Wanted]:
        if bought.status != "complete" or bought.payment_status not in PAID:
            return
        refund_ends = self.policy.on_refund != "never"
        end = purchase_end(bought.paid_at, bought.access_days)
        for feature in sorted(bought.features):
            held = self.held.get((bought.session_id, feature))
            wanted = Wanted(
                feature, Source.PURCHASE, bought.session_id, bought.paid_at, end, "paid"
            )
            yield self._judged(wanted, held, bought.payment, refund_ends=refund_ends)

    def _until(self, sub: SubscriptionFacts, held: Held | None) -> tuple[datetime | None, str]:
        as_it_was = held.ends_at if held else self.now
        match sub.status:
            case "active" | "trialing" if sub.collection_paused:
                end = sub.paid_until or as_it_was
                return _earlier(end, sub.cancel_at), f"{sub.status}, collection paused"
            case "active" | "trialing" if sub.cancel_at:
                return sub.cancel_at, f"{sub.status}, ends as scheduled"
            case "active" | "trialing":
                return sub.period_end + LEEWAY, sub.status
            case "past_due":
                end = grace_end(sub.oldest_open_invoice_start, sub.period_start, self.policy.grace)
                return _earlier(end, sub.cancel_at), IN_GRACE
            case "canceled":
                return sub.ended_at or _earlier(as_it_was, self.now), "canceled"
            case status if status in STOPPED:
                # Not "now" every time: looking again does not move the date.
                return _earlier(as_it_was, self.now), status
            case status:
                return as_it_was, f"unknown status {status}"

    def _judged(
        self, wanted: Wanted, held: Held | None, payment: PaymentFacts | None, *, refund_ends: bool
    ) -> Wanted:
        """What a refund or a dispute of its payment makes of a grant."""
        if refund_ends and fully_refunded(payment):
            return self._shut(wanted, held, "refunded")
        disputed = payment.dispute_status if payment else None
        if disputed is None or self.policy.on_dispute == "keep":
            return wanted
        if disputed in TAKEN:
            return self._shut(wanted, held, f"disputed, {disputed}")
        if knows_dispute(disputed):
            return wanted
        return replace(
            wanted,
            ends_at=held.ends_at if held else self.now,
            revoked_at=held.revoked_at if held else None,
            reason=f"unknown dispute status {disputed}",
        )

    def _shut(self, wanted: Wanted, held: Held | None, reason: str) -> Wanted:
        """Revoked, and not ended: its end comes back with it, should the money come back."""
        since = held.revoked_at if held and held.revoked_at else self.now
        return replace(wanted, revoked_at=since, reason=reason)


def _longest(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Two things bought at once may open the same: it is open as long as the better of them."""
    best: dict[GrantKey, Wanted] = {}
    for one in wanted:
        key = one.source_ref, one.feature
        other = best.get(key)
        if other is None or _earlier(one.ends_at, other.ends_at) != one.ends_at:
            best[key] = one
    return list(best.values())


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two ends, None being for good."""
    return min(filter(None, (one, other)), default=None)
