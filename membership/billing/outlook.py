"""What happens next with what somebody bought, in a sentence or two: pure rules over plain facts.

The doors go by the ledger of grants, and so do these words: `open_until` is what it says, and
what Stripe says only explains it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from membership.billing.dates import day
from membership.billing.entitlements import (
    GOING_ON,
    LOST,
    OPENING,
    UNDER_WAY,
    PaymentFacts,
    Policy,
    PurchaseFacts,
    SubscriptionFacts,
    fully_refunded,
    grace_end,
    purchase_end,
)


class Remedy(StrEnum):
    """What would open the door again, or keep it open."""

    CARD = "card"  # another card
    PORTAL = "portal"  # something to be done on Stripe's page
    PLANS = "plans"  # a new plan


@dataclass(frozen=True)
class Outlook:
    words: str
    remedy: Remedy | None = None


def of_subscription(
    sub: SubscriptionFacts,
    *,
    trial_end: datetime | None,
    open_until: datetime | None,
    policy: Policy,
) -> Outlook:
    """`open_until` is the end of what this subscription opens now, None when that is nothing."""
    if sub.status not in OPENING:
        return _stopped(sub, open_until)
    if not open_until and (taken_back := _taken_back("last payment", sub.latest_payment)):
        decided = "that is decided or " if _undecided(sub.latest_payment) else ""
        return Outlook(f"{taken_back} Nothing is open until {decided}another payment succeeds.")
    if sub.status == "past_due":
        going_on = _past_due(sub, open_until, policy)
    else:
        going_on = Outlook(_going_on(sub, trial_end, open_until))
    if fully_refunded(sub.latest_payment):
        return Outlook(f"The last payment was refunded. {going_on.words}", going_on.remedy)
    return going_on


def next_charge(sub: SubscriptionFacts, price: str, *, discounted: bool, taxed: bool) -> str | None:
    """What `price`, an amount in words, comes to when the period is over; None when nothing will be
    asked then."""
    if sub.status not in GOING_ON or sub.cancel_at or sub.collection_paused:
        return None
    less = ", less your discount" if discounted else ""
    tax = ", and tax where it is due" if taxed else ""
    return f"Next charge: {price}{less}{tax}."


def of_purchase(bought: PurchaseFacts, *, is_open: bool) -> str:
    until = purchase_end(bought.paid_at, bought.access_days)
    if is_open:
        words = f"Open until {day(until)}." if until else "Yours for good."
        return f"It was refunded. {words}" if fully_refunded(bought.payment) else words
    if taken_back := _taken_back("payment", bought.payment):
        closed = (
            "It is closed until that is decided." if _undecided(bought.payment) else "It is closed."
        )
        return f"{taken_back} {closed}"
    return f"It was open until {day(until)}." if until else "It is closed."


def _taken_back(which: str, payment: PaymentFacts | None) -> str | None:
    """What became of a payment, where it has closed the door."""
    if _undecided(payment):
        return f"Your bank has asked for the {which} back, and that is being looked at."
    if payment is not None and payment.dispute_status in LOST:
        return f"The {which} went back to you through your bank."
    return f"The {which} was refunded." if fully_refunded(payment) else None


def _undecided(payment: PaymentFacts | None) -> bool:
    return payment is not None and payment.dispute_status in UNDER_WAY


def _going_on(
    sub: SubscriptionFacts, trial_end: datetime | None, open_until: datetime | None
) -> str:
    trial = sub.status == "trialing"
    if sub.cancel_at:
        if trial and trial_end == sub.cancel_at:
            return f"The free trial ends on {day(sub.cancel_at)}. Nothing is charged."
        return f"Ends on {day(sub.cancel_at)}. Nothing more is charged."
    if sub.collection_paused:
        if open_until:
            return f"Payments are paused. What you have stays open until {day(open_until)}."
        return "Payments are paused, and nothing is open until they go on."
    if trial:
        return f"Free trial until {day(trial_end or sub.period_end)}. The first payment follows."
    return f"Renews on {day(sub.period_end)}."


def _past_due(sub: SubscriptionFacts, open_until: datetime | None, policy: Policy) -> Outlook:
    end = grace_end(sub.oldest_open_invoice_start, sub.period_start, policy.grace)
    end = min(end, sub.cancel_at or end)
    if open_until:
        words = f"Everything stays open until {day(end)}. Update your card to keep it so."
    else:
        words = (
            f"Access ended on {day(end)}. Update your card: it opens again when a charge succeeds."
        )
    return Outlook(f"The last payment did not go through. {words}", Remedy.CARD)


def _stopped(sub: SubscriptionFacts, open_until: datetime | None) -> Outlook:
    match sub.status:
        case "canceled":
            words = f"Your subscription ended on {day(sub.ended_at or sub.period_end)}."
            return Outlook(words, Remedy.PLANS)
        case "paused":
            words = "Paused: nothing is charged and nothing is open. Go on whenever you like."
            return Outlook(words, Remedy.PORTAL)
        case "unpaid":
            words = "An invoice was never paid, so access has ended. Pay it, and it opens again."
            return Outlook(words, Remedy.PORTAL)
        case "incomplete":
            return Outlook("The first payment has not gone through yet.", Remedy.PORTAL)
        case "incomplete_expired":
            return Outlook("The first payment never went through.", Remedy.PLANS)
        case other:
            words = f"Stripe calls this “{other}”, which is new to us. We have been told."
            if open_until:
                words += f" What you have stays open until {day(open_until)}."
            return Outlook(words)
