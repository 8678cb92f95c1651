"""Why something ended, for every rule that may have written its grant."""

import pytest

from membership.billing.entitlements import Source
from membership.billing.explain.sentences import BECAUSE
from membership.billing.outlook import Remedy
from membership.billing.telling.reasons import why

NOT_HEARD = "No later payment for it has reached us."
REASONS = [
    ("active", False, NOT_HEARD, Remedy.PORTAL),
    ("trialing", False, NOT_HEARD, Remedy.PORTAL),
    ("active, ends as scheduled", False, "It was cancelled.", Remedy.PLANS),
    ("trialing, ends as scheduled", False, "It was cancelled.", Remedy.PLANS),
    ("canceled", False, "It was cancelled.", Remedy.PLANS),
    ("canceled", True, "A payment for it did not go through, and so it was ended.", Remedy.PLANS),
    (
        "past_due, in grace",
        True,
        "A payment for it did not go through, and the days of grace are over.",
        Remedy.CARD,
    ),
    (
        "unpaid",
        True,
        "A payment for it did not go through, and is not tried again.",
        Remedy.PORTAL,
    ),
    ("paused", False, "It is paused, and nothing is charged for it meanwhile.", Remedy.PORTAL),
    (
        "active, collection paused",
        False,
        "Payments for it are paused, and it was paid for until then.",
        Remedy.PORTAL,
    ),
    ("refunded", False, "The payment was refunded.", Remedy.PLANS),
    ("disputed, lost", False, "The payment went back to you through your bank.", Remedy.PLANS),
]


@pytest.mark.parametrize(("reason", "unpaid", "words", "remedy"), REASONS)
def test_a_subscription(reason: str, unpaid: bool, words: str, remedy: Remedy) -> None:
    revoked = reason.startswith(("refunded", "disputed"))
    said = why(reason, Source.SUBSCRIPTION, revoked=revoked, unpaid=unpaid)
    assert said == (words, remedy)


def test_while_the_bank_decides_nothing_can_be_done() -> None:
    words, remedy = why("disputed, needs_response", Source.PURCHASE, revoked=True, unpaid=False)
    assert "if the payment stands" in words
    assert remedy is None


def test_a_gift_that_was_taken_back_is_not_called_over() -> None:
    words, _ = why("given", Source.COMP, revoked=True, unpaid=False)
    assert words == "It was a gift, and has been taken back."


def test_nothing_that_a_rule_says_is_taken_for_silence() -> None:
    """What no letter tells of, and what never opened anything, besides."""
    silent = {"active", "trialing", "paid", "no longer part of the product"}
    never = {"incomplete", "incomplete_expired"}
    for reason in BECAUSE.keys() - silent - never:
        words, _ = why(reason, Source.SUBSCRIPTION, revoked=False, unpaid=False)
        assert words != NOT_HEARD, reason
