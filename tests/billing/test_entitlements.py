"""The table of who may use what, until when. One line a case; read it without reading code."""

from datetime import UTC, datetime, timedelta

import pytest

from membership.billing.entitlements import (
    Policy,
    PurchaseFacts,
    Source,
    SubscriptionFacts,
    Wanted,
    wanted_grants,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK_OF_GRACE = Policy(grace=7 * DAY)
HELD_UNTIL = NOW + 3 * DAY


def subscription(status: str, **changes: datetime | None) -> SubscriptionFacts:
    """One that began ten days ago and renews in twenty."""
    facts: dict[str, datetime | None] = {
        "started_at": NOW - 10 * DAY,
        "period_start": NOW - 10 * DAY,
        "period_end": NOW + 20 * DAY,
        "cancel_at": None,
        "ended_at": None,
        "oldest_open_invoice_start": None,
    }
    return SubscriptionFacts(
        stripe_id="sub_1",
        status=status,
        features=frozenset({"premium"}),
        **(facts | changes),  # type: ignore[arg-type]
    )


def grants(
    *subscriptions: SubscriptionFacts, bought: tuple[PurchaseFacts, ...] = ()
) -> list[Wanted]:
    return wanted_grants(
        subscriptions,
        bought,
        policy=WEEK_OF_GRACE,
        held={("sub_1", "premium"): HELD_UNTIL},
        now=NOW,
    )


@pytest.mark.parametrize(
    ("sub", "ends_at"),
    [
        (subscription("active"), NOW + 21 * DAY),
        (subscription("trialing"), NOW + 21 * DAY),
        (subscription("active", cancel_at=NOW + 20 * DAY), NOW + 20 * DAY),
        (subscription("trialing", cancel_at=NOW + 2 * DAY), NOW + 2 * DAY),
        (subscription("past_due", oldest_open_invoice_start=NOW - 2 * DAY), NOW + 5 * DAY),
        (subscription("past_due", oldest_open_invoice_start=NOW - 30 * DAY), NOW - 23 * DAY),
        (subscription("past_due"), NOW - 3 * DAY),
        (subscription("unpaid"), NOW),
        (subscription("incomplete"), NOW),
        (subscription("incomplete_expired"), NOW),
        (subscription("paused"), NOW),
        (subscription("canceled", ended_at=NOW - 4 * DAY), NOW - 4 * DAY),
        (subscription("canceled"), NOW),
        (subscription("something_new"), HELD_UNTIL),
    ],
    ids=lambda value: value.status if isinstance(value, SubscriptionFacts) else "",
)
def test_when_a_subscriptions_grant_ends(sub: SubscriptionFacts, ends_at: datetime) -> None:
    (grant,) = grants(sub)
    assert grant.ends_at == ends_at
    assert (grant.feature, grant.source, grant.source_ref) == (
        "premium",
        Source.SUBSCRIPTION,
        "sub_1",
    )


def test_a_clock_behind_stripes_does_not_keep_the_door_shut() -> None:
    (grant,) = grants(subscription("active", started_at=NOW + timedelta(seconds=5)))
    assert grant.starts_at == NOW


def test_grace_does_not_move_when_it_is_looked_at_again_later() -> None:
    failing = subscription("past_due", oldest_open_invoice_start=NOW - 2 * DAY)
    later = wanted_grants([failing], [], policy=WEEK_OF_GRACE, held={}, now=NOW + 4 * DAY)
    assert later[0].ends_at == grants(failing)[0].ends_at


def purchase(payment_status: str = "paid", access_days: int | None = None) -> PurchaseFacts:
    return PurchaseFacts("cs_1", payment_status, frozenset({"guide", "premium"}), NOW, access_days)


@pytest.mark.parametrize("payment_status", ["paid", "no_payment_required"])
def test_a_paid_one_off_opens_all_its_features_for_good(payment_status: str) -> None:
    opened = grants(bought=(purchase(payment_status),))
    assert [(grant.feature, grant.ends_at) for grant in opened] == [
        ("guide", None),
        ("premium", None),
    ]


def test_a_one_off_with_access_days_ends() -> None:
    assert {g.ends_at for g in grants(bought=(purchase(access_days=30),))} == {NOW + 30 * DAY}


@pytest.mark.parametrize("payment_status", ["unpaid", "something_new"])
def test_a_one_off_that_is_not_paid_opens_nothing(payment_status: str) -> None:
    assert grants(bought=(purchase(payment_status),)) == []
