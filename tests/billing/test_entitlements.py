"""The table of who may use what, until when. One line a case; read it without reading code.

It is 21 November. The subscription began ten days ago, on the 11th, and renews on 11 December. Its
grant lasts until the 24th, by what was known before. A week of grace is given.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from membership.billing.entitlements import (
    Held,
    PaymentFacts,
    Policy,
    PurchaseFacts,
    Source,
    SubscriptionFacts,
    Wanted,
    knows_dispute,
    knows_status,
    wanted_grants,
)

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BEGAN, RENEWS = NOW - 10 * DAY, NOW + 20 * DAY
HELD_UNTIL = NOW + 3 * DAY
BEFORE = NOW - 2 * DAY
POLICY = Policy(grace=7 * DAY)


def subscription(status: str, **changes: Any) -> SubscriptionFacts:
    facts = SubscriptionFacts(
        stripe_id="sub_1",
        status=status,
        features=frozenset({"premium"}),
        started_at=BEGAN,
        period_start=BEGAN,
        period_end=RENEWS,
        cancel_at=None,
        ended_at=None,
        oldest_open_invoice_start=None,
    )
    return replace(facts, **changes)


def purchase(**changes: Any) -> PurchaseFacts:
    facts = PurchaseFacts(
        "cs_1", "prod_1", "complete", "paid", frozenset({"premium"}), BEFORE, None
    )
    return replace(facts, **changes)


def grants(
    *subscriptions: SubscriptionFacts,
    bought: tuple[PurchaseFacts, ...] = (),
    policy: Policy = POLICY,
    held: Held | None = None,
    now: datetime = NOW,
) -> list[Wanted]:
    there = {("sub_1", "premium"): held, ("cs_1", "premium"): held}
    return wanted_grants(
        subscriptions,
        bought,
        policy=policy,
        held={key: grant for key, grant in there.items() if grant},
        now=now,
    )


# What Stripe says                                   | the grant ends (held until the 24th before)
SUBSCRIPTIONS: list[tuple[SubscriptionFacts, datetime]] = [
    (subscription("active"), RENEWS + DAY),
    (subscription("trialing"), RENEWS + DAY),
    # An end is scheduled: exactly then.
    (subscription("active", cancel_at=RENEWS), RENEWS),
    (subscription("active", cancel_at=NOW + 90 * DAY), NOW + 90 * DAY),
    (subscription("active", cancel_at=NOW - DAY), NOW - DAY),
    (subscription("trialing", cancel_at=NOW + 2 * DAY), NOW + 2 * DAY),
    # It goes on, but nothing is charged: open to the end of what was paid, whatever we had known.
    (subscription("active", collection_paused=True, paid_until=RENEWS), RENEWS),
    (subscription("trialing", collection_paused=True, paid_until=NOW + DAY), NOW + DAY),
    (subscription("active", collection_paused=True, paid_until=NOW - 40 * DAY), NOW - 40 * DAY),
    (
        subscription("active", collection_paused=True, paid_until=RENEWS, cancel_at=NOW + DAY),
        NOW + DAY,
    ),
    # The same, and nothing ever paid: what was granted stays, and nothing is added.
    (subscription("active", collection_paused=True), HELD_UNTIL),
    (subscription("trialing", collection_paused=True), HELD_UNTIL),
    (subscription("active", collection_paused=True, cancel_at=NOW + DAY), NOW + DAY),
    # A charge failed: a week from the start of the oldest period not paid for.
    (subscription("past_due", oldest_open_invoice_start=NOW - 2 * DAY), NOW + 5 * DAY),
    (subscription("past_due", oldest_open_invoice_start=NOW - 30 * DAY), NOW - 23 * DAY),
    (subscription("past_due"), BEGAN + 7 * DAY),
    (
        subscription("past_due", oldest_open_invoice_start=NOW - 2 * DAY, cancel_at=NOW + 1 * DAY),
        NOW + 1 * DAY,
    ),
    (
        subscription("past_due", oldest_open_invoice_start=NOW - 2 * DAY, cancel_at=NOW + 6 * DAY),
        NOW + 5 * DAY,
    ),
    # It is over, or never began to be paid.
    (subscription("canceled", ended_at=NOW - 4 * DAY), NOW - 4 * DAY),
    (subscription("canceled"), NOW),
    (subscription("unpaid"), NOW),
    (subscription("paused"), NOW),
    (subscription("incomplete"), NOW),
    (subscription("incomplete_expired"), NOW),
    # A word of tomorrow: what was granted stays.
    (subscription("something_new"), HELD_UNTIL),
]


@pytest.mark.parametrize(
    ("sub", "ends_at"),
    SUBSCRIPTIONS,
    ids=lambda value: value.status if isinstance(value, SubscriptionFacts) else "",
)
def test_when_a_subscriptions_grant_ends(sub: SubscriptionFacts, ends_at: datetime) -> None:
    (grant,) = grants(sub, held=Held(HELD_UNTIL))
    assert grant.ends_at == ends_at
    assert grant.revoked_at is None
    assert (grant.feature, grant.source, grant.source_ref) == (
        "premium",
        Source.SUBSCRIPTION,
        "sub_1",
    )


@pytest.mark.parametrize(
    ("sub", "_ends_at"),
    SUBSCRIPTIONS,
    ids=lambda value: value.status if isinstance(value, SubscriptionFacts) else "",
)
def test_looking_again_later_moves_no_date(sub: SubscriptionFacts, _ends_at: datetime) -> None:
    (first,) = grants(sub, held=Held(HELD_UNTIL))
    (again,) = grants(sub, held=Held(first.ends_at), now=NOW + 9 * DAY)
    assert again == first


def test_what_was_paid_is_open_though_collecting_was_paused_before_we_heard_of_it() -> None:
    (grant,) = grants(subscription("active", collection_paused=True, paid_until=RENEWS))
    assert grant.ends_at == RENEWS


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_what_never_began_to_be_paid_leaves_no_grant(status: str) -> None:
    assert grants(subscription(status)) == []


@pytest.mark.parametrize(
    "sub",
    [
        subscription("active", collection_paused=True),
        subscription("something_new"),
        subscription("paused"),
        subscription("unpaid"),
    ],
    ids=["collection paused", "unknown", "paused", "unpaid"],
)
def test_what_never_was_granted_is_not_granted_now(sub: SubscriptionFacts) -> None:
    (grant,) = grants(sub)
    assert grant.ends_at == NOW


def test_a_clock_behind_stripes_does_not_keep_the_door_shut() -> None:
    (grant,) = grants(subscription("active", started_at=NOW + timedelta(seconds=5)))
    assert grant.starts_at == NOW


# One-offs


@pytest.mark.parametrize("payment_status", ["paid", "no_payment_required"])
def test_a_paid_one_off_opens_all_its_features_for_good(payment_status: str) -> None:
    guide = purchase(payment_status=payment_status, features=frozenset({"guide", "premium"}))
    assert [(g.feature, g.starts_at, g.ends_at) for g in grants(bought=(guide,))] == [
        ("guide", BEFORE, None),
        ("premium", BEFORE, None),
    ]


def test_a_one_off_with_access_days_ends_so_many_days_after_it_was_paid() -> None:
    assert {g.ends_at for g in grants(bought=(purchase(access_days=30),))} == {BEFORE + 30 * DAY}


@pytest.mark.parametrize(
    ("status", "payment_status"),
    [
        ("complete", "unpaid"),
        ("complete", "something_new"),
        ("open", "paid"),
        ("expired", "no_payment_required"),
    ],
)
def test_a_one_off_that_is_not_paid_opens_nothing(status: str, payment_status: str) -> None:
    assert grants(bought=(purchase(status=status, payment_status=payment_status),)) == []


# Refunds and disputes: what was paid | is the one-off's door open? | the subscription's?
# By default a full refund ends a one-off alone, and a dispute shuts either while it lasts.

PAYMENTS: list[tuple[str, PaymentFacts | None, bool, bool]] = [
    ("nothing, as in a trial", None, True, True),
    ("five euros", PaymentFacts(500), True, True),
    ("given back in part", PaymentFacts(500, 499), True, True),
    ("given back", PaymentFacts(500, 500), False, True),
    ("given back, and more", PaymentFacts(500, 501), False, True),
    ("nothing, of which nothing is left", PaymentFacts(0, 0), True, True),
    ("an inquiry", PaymentFacts(500, 0, "warning_needs_response"), True, True),
    ("an inquiry being looked at", PaymentFacts(500, 0, "warning_under_review"), True, True),
    ("an inquiry that is over", PaymentFacts(500, 0, "warning_closed"), True, True),
    ("disputed", PaymentFacts(500, 0, "needs_response"), False, False),
    ("disputed, being looked at", PaymentFacts(500, 0, "under_review"), False, False),
    ("disputed and lost", PaymentFacts(500, 0, "lost"), False, False),
    ("appealed", PaymentFacts(500, 0, "appeal_needs_response"), False, False),
    ("appealed, being looked at", PaymentFacts(500, 0, "appeal_under_review"), False, False),
    ("disputed and won", PaymentFacts(500, 0, "won"), True, True),
    ("disputed, and prevented", PaymentFacts(500, 0, "prevented"), True, True),
    ("won, then given back", PaymentFacts(500, 500, "won"), False, True),
]
PAID_WITH = pytest.mark.parametrize(
    ("paid", "one_off", "going_on"),
    [case[1:] for case in PAYMENTS],
    ids=[case[0] for case in PAYMENTS],
)


@PAID_WITH
def test_what_a_refund_or_a_dispute_shuts(
    paid: PaymentFacts | None, one_off: bool, going_on: bool
) -> None:
    (bought,) = grants(bought=(purchase(payment=paid),))
    (subscribed,) = grants(subscription("active", latest_payment=paid))
    assert (bought.revoked_at is None, subscribed.revoked_at is None) == (one_off, going_on)
    assert bought.revoked_at in (None, NOW)


@PAID_WITH
def test_what_was_shut_has_its_own_end_still(
    paid: PaymentFacts | None, one_off: bool, going_on: bool
) -> None:
    """So that a refund that fails, or a dispute that is won, gives back what there was."""
    (bought,) = grants(bought=(purchase(payment=paid, access_days=30),))
    (subscribed,) = grants(subscription("active", latest_payment=paid))
    assert (bought.ends_at, subscribed.ends_at) == (BEFORE + 30 * DAY, RENEWS + DAY)


@PAID_WITH
def test_since_when_it_is_shut_does_not_move(
    paid: PaymentFacts | None, one_off: bool, going_on: bool
) -> None:
    shut = Held(None, revoked_at=BEFORE)
    (bought,) = grants(bought=(purchase(payment=paid),), held=shut)
    assert bought.revoked_at == (None if one_off else BEFORE)


@pytest.mark.parametrize(
    ("on_refund", "one_off", "going_on"),
    [("purchase", False, True), ("always", False, False), ("never", True, True)],
)
def test_the_owner_decides_what_a_full_refund_ends(
    on_refund: str, one_off: bool, going_on: bool
) -> None:
    policy = replace(POLICY, on_refund=on_refund)
    back = PaymentFacts(500, 500)
    (bought,) = grants(bought=(purchase(payment=back),), policy=policy)
    (subscribed,) = grants(subscription("active", latest_payment=back), policy=policy)
    assert (bought.revoked_at is None, subscribed.revoked_at is None) == (one_off, going_on)


@pytest.mark.parametrize("disputed", ["needs_response", "lost", "a_word_of_tomorrow"])
def test_the_owner_may_let_disputes_change_nothing(disputed: str) -> None:
    policy = replace(POLICY, on_dispute="keep")
    taken = PaymentFacts(500, 0, disputed)
    (bought,) = grants(bought=(purchase(payment=taken),), policy=policy)
    (subscribed,) = grants(subscription("active", latest_payment=taken), policy=policy)
    assert (bought.revoked_at, bought.ends_at) == (None, None)
    assert (subscribed.revoked_at, subscribed.ends_at) == (None, RENEWS + DAY)


@pytest.mark.parametrize("held", [Held(HELD_UNTIL), Held(HELD_UNTIL, BEFORE)], ids=["open", "shut"])
def test_a_dispute_in_a_word_of_tomorrow_leaves_everything_as_it_was(held: Held) -> None:
    odd = PaymentFacts(500, 0, "a_word_of_tomorrow")
    (bought,) = grants(bought=(purchase(payment=odd),), held=held)
    (subscribed,) = grants(subscription("active", latest_payment=odd), held=held)
    for grant in (bought, subscribed):
        assert (grant.ends_at, grant.revoked_at) == (held.ends_at, held.revoked_at)


def test_a_dispute_in_a_word_of_tomorrow_opens_nothing_new() -> None:
    odd = PaymentFacts(500, 0, "a_word_of_tomorrow")
    (subscribed,) = grants(subscription("active", latest_payment=odd))
    assert subscribed.ends_at == NOW


def test_one_payment_never_touches_what_another_opened() -> None:
    """Ada's guide was given back; her subscription, paid by itself, stays as it is."""
    lost = purchase(payment=PaymentFacts(2900, 2900, "lost"))
    paid = subscription("active", latest_payment=PaymentFacts(500))
    policy = replace(POLICY, on_refund="always")
    subscribed, bought = grants(paid, bought=(lost,), policy=policy)
    assert (subscribed.source, subscribed.revoked_at) == (Source.SUBSCRIPTION, None)
    assert (bought.source, bought.revoked_at) == (Source.PURCHASE, NOW)


# The owner is told of the words that nobody knows


def test_every_word_of_the_table_is_known_and_no_other() -> None:
    assert {sub.status for sub, _ in SUBSCRIPTIONS if not knows_status(sub.status)} == {
        "something_new"
    }
    words = [paid.dispute_status for _, paid, *_ in PAYMENTS if paid and paid.dispute_status]
    assert all(knows_dispute(word) for word in words)
    assert not knows_dispute("a_word_of_tomorrow")
