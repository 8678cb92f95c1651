"""The one rule that decides now: a table to be read by whoever wants to know what is said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from membership.billing.entitlements import Source
from membership.billing.explain.verdicts import Held, Verdict, verdicts

NOW = datetime(2027, 2, 10, 12, tzinfo=UTC)
BEGUN = datetime(2027, 1, 2, 9, tzinfo=UTC)
PAID_UNTIL = datetime(2027, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SOON = NOW + 4 * DAY  # 14 February
LATELY = NOW - 4 * DAY  # 6 February


def held(reason: str, ends_at: datetime | None, **changed: Any) -> Held:
    told: dict[str, Any] = {
        "feature": "premium",
        "source": Source.SUBSCRIPTION,
        "starts_at": BEGUN,
        "ends_at": ends_at,
        "revoked_at": None,
        "reason": reason,
        "bought": "Membership",
        "period_end": PAID_UNTIL,
        "unpaid_since": datetime(2027, 2, 7, 9, tzinfo=UTC),
    }
    return Held(**{**told, **changed})


def bought(ends_at: datetime | None, reason: str = "paid", **changed: Any) -> Held:
    return held(reason, ends_at, source=Source.PURCHASE, bought="The field guide", **changed)


def said(*grants: Held, grace_days: int = 7) -> list[Verdict]:
    return verdicts(grants, grace=timedelta(days=grace_days), now=NOW)


OPEN = [
    (
        held("active", PAID_UNTIL + DAY),
        "Open until 3 March 2027",
        "“Membership” is paid until 2 March 2027, and the next payment has a day to arrive",
    ),
    (
        held("trialing", PAID_UNTIL + DAY),
        "Open until 3 March 2027",
        (
            "“Membership” is free to try until 2 March 2027, and the next payment has a day "
            "to arrive"
        ),
    ),
    (
        held("active, ends as scheduled", SOON),
        "Open until 14 February 2027",
        "“Membership” was cancelled, and ends then",
    ),
    (
        held("active, collection paused", SOON),
        "Open until 14 February 2027",
        "payments for “Membership” are paused, and it was paid for until then",
    ),
    (
        held("past_due, in grace", SOON),
        "Open until 14 February 2027",
        (
            "the payment for “Membership” is overdue since 7 February 2027, and the 7 days "
            "of grace end then"
        ),
    ),
    (
        held("unknown status on_holiday", SOON),
        "Open until 14 February 2027",
        (
            "Stripe told us of an unknown status on_holiday, so what was there before stays "
            "as it was"
        ),
    ),
    (
        bought(None),
        "Open for good",
        "“The field guide” was bought on 2 January 2027",
    ),
    (
        bought(BEGUN + 60 * DAY),
        "Open until 3 March 2027",
        "“The field guide” was bought on 2 January 2027, and opens it for 60 days",
    ),
    (
        bought(None, "unknown dispute status mediated"),
        "Open for good",
        (
            "Stripe told us of an unknown dispute status mediated, so what was there before "
            "stays as it was"
        ),
    ),
    (
        held("given", SOON, source=Source.COMP, bought=""),
        "Open until 14 February 2027",
        "it was given on 2 January 2027, without payment",
    ),
]
SHUT = [
    (
        held("active", LATELY),
        "Shut since 6 February 2027",
        "“Membership” was paid until 2 March 2027, and no later payment has reached us",
    ),
    (
        held("trialing, ends as scheduled", LATELY),
        "Shut since 6 February 2027",
        "“Membership” was cancelled, and ended then",
    ),
    (
        held("past_due, in grace", LATELY),
        "Shut since 6 February 2027",
        (
            "the payment for “Membership” is overdue since 7 February 2027, and the 7 days "
            "of grace have ended"
        ),
    ),
    (
        held("canceled", LATELY),
        "Shut since 6 February 2027",
        "“Membership” has ended",
    ),
    (
        held("unpaid", LATELY),
        "Shut since 6 February 2027",
        "a payment for “Membership” failed, and Stripe has stopped trying",
    ),
    (
        held("paused", LATELY),
        "Shut since 6 February 2027",
        "“Membership” is paused, and nothing is paid for it meanwhile",
    ),
    (
        held("incomplete", LATELY),
        "Shut since 6 February 2027",
        "the first payment for “Membership” has not gone through",
    ),
    (
        bought(None, "refunded", revoked_at=LATELY),
        "Shut since 6 February 2027",
        "the payment for “The field guide” was refunded in full",
    ),
    (
        bought(None, "disputed, needs_response", revoked_at=LATELY),
        "Shut since 6 February 2027",
        (
            "the payment for “The field guide” is disputed at the payer’s bank, and that is "
            "not decided yet"
        ),
    ),
    (
        held("disputed, lost", SOON, revoked_at=LATELY),
        "Shut since 6 February 2027",
        "the payment for “Membership” is disputed at the payer’s bank, and was lost",
    ),
    (
        held("disputed, appeal_under_review", SOON, revoked_at=LATELY),  # it was lost before
        "Shut since 6 February 2027",
        "the payment for “Membership” is disputed at the payer’s bank, and was lost",
    ),
    (
        held("no longer part of the product", SOON, revoked_at=LATELY),
        "Shut since 6 February 2027",
        "“Membership” does not include it any more",
    ),
    (
        held("no longer this member's payment", SOON, revoked_at=LATELY),
        "Shut since 6 February 2027",
        "the payment that opened it turned out to belong to somebody else",
    ),
    (
        held("given", None, source=Source.COMP, revoked_at=LATELY),
        "Shut since 6 February 2027",
        "the owner has taken back what was given",
    ),
    (
        held("given", SOON, source=Source.COMP, starts_at=NOW + DAY),
        "Shut until 11 February 2027",
        "it was given on 11 February 2027, without payment",
    ),
]


@pytest.mark.parametrize(("grant", "when", "because"), OPEN)
def test_open_and_why(grant: Held, when: str, because: str) -> None:
    assert said(grant) == [Verdict("premium", True, f"{when}: {because}.")]


@pytest.mark.parametrize(("grant", "when", "because"), SHUT)
def test_shut_and_why(grant: Held, when: str, because: str) -> None:
    assert said(grant) == [Verdict("premium", False, f"{when}: {because}.")]


def test_one_day_is_one_day() -> None:
    (grace,) = said(held("past_due, in grace", SOON), grace_days=1)
    assert "and the 1 day of grace end" in grace.sentence
    (access,) = said(bought(BEGUN + DAY))
    assert access.sentence.endswith("opens it for 1 day.")


def test_the_grant_that_lasts_longest_decides_and_for_good_is_longest() -> None:
    ended, going_on, for_good = held("canceled", LATELY), held("active", PAID_UNTIL), bought(None)
    assert said(ended, going_on)[0].sentence.startswith("Open until 2 March 2027")
    assert said(going_on, ended) == said(ended, going_on)
    assert said(for_good, going_on)[0].sentence.startswith("Open for good")
    refunded = bought(None, "refunded", revoked_at=LATELY)
    assert said(refunded, going_on)[0].open


def test_each_feature_has_a_verdict_of_its_own() -> None:
    both = said(held("active", PAID_UNTIL, feature="premium"), bought(None, feature="guide"))
    assert [(one.feature, one.open) for one in both] == [("guide", True), ("premium", True)]
