"""What a member is told comes next: a table anybody can check."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from membership.billing import outlook
from membership.billing.entitlements import PaymentFacts, Policy, PurchaseFacts, SubscriptionFacts
from membership.billing.outlook import Remedy


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


POLICY = Policy(grace=timedelta(days=7))
PAID = PaymentFacts(amount=500)
REFUNDED = PaymentFacts(amount=500, amount_refunded=500)
MARCH, APRIL = on("2027-03-02"), on("2027-04-02")
MONTHLY = SubscriptionFacts(
    stripe_id="sub_1",
    status="active",
    features=frozenset({"premium"}),
    started_at=on("2027-01-02"),
    period_start=MARCH,
    period_end=APRIL,
    cancel_at=None,
    ended_at=None,
    oldest_open_invoice_start=None,
    latest_payment=PAID,
)
OVERDUE = replace(MONTHLY, status="past_due", oldest_open_invoice_start=MARCH)


def disputed(status: str) -> SubscriptionFacts:
    return replace(MONTHLY, latest_payment=PaymentFacts(amount=500, dispute_status=status))


@pytest.mark.parametrize(
    ("sub", "words"),
    [
        (MONTHLY, "Next charge: €5.00."),
        (replace(MONTHLY, status="trialing"), "Next charge: €5.00."),
        (replace(MONTHLY, cancel_at=APRIL), None),
        (replace(MONTHLY, collection_paused=True), None),
        (OVERDUE, None),
        (replace(MONTHLY, status="canceled"), None),
        (replace(MONTHLY, status="paused"), None),
    ],
)
def test_what_is_asked_for_next(sub: SubscriptionFacts, words: str | None) -> None:
    assert outlook.next_charge(sub, "€5.00", discounted=False, taxed=False) == words


def test_an_amount_that_is_not_all_of_it_says_so() -> None:
    words = outlook.next_charge(MONTHLY, "€5.00", discounted=True, taxed=True)
    assert words == "Next charge: €5.00, less your discount, and tax where it is due."


@pytest.mark.parametrize(
    ("sub", "open_until", "words"),
    [
        (MONTHLY, APRIL, "Renews on 2 April 2027."),
        (
            replace(MONTHLY, cancel_at=APRIL),
            APRIL,
            "Ends on 2 April 2027. Nothing more is charged.",
        ),
        (
            replace(MONTHLY, status="trialing"),
            APRIL,
            "Free trial until 16 March 2027. The first payment follows.",
        ),
        (
            replace(MONTHLY, status="trialing", cancel_at=on("2027-03-16")),
            on("2027-03-16"),
            "The free trial ends on 16 March 2027. Nothing is charged.",
        ),
        (
            replace(MONTHLY, collection_paused=True),
            APRIL,
            "Payments are paused. What you have stays open until 2 April 2027.",
        ),
        (
            replace(MONTHLY, collection_paused=True),
            None,
            "Payments are paused, and nothing is open until they go on.",
        ),
        (
            OVERDUE,
            on("2027-03-09"),
            (
                "The last payment did not go through. Everything stays open until 9 March 2027. "
                "Update your card to keep it so."
            ),
        ),
        (
            OVERDUE,
            None,
            (
                "The last payment did not go through. Access ended on 9 March 2027. "
                "Update your card: it opens again when a charge succeeds."
            ),
        ),
        (
            replace(OVERDUE, cancel_at=on("2027-03-05")),
            on("2027-03-05"),
            (
                "The last payment did not go through. Everything stays open until 5 March 2027. "
                "Update your card to keep it so."
            ),
        ),
        (
            replace(MONTHLY, status="canceled", ended_at=on("2027-03-20")),
            None,
            "Your subscription ended on 20 March 2027.",
        ),
        (
            replace(MONTHLY, status="paused"),
            None,
            "Paused: nothing is charged and nothing is open. Go on whenever you like.",
        ),
        (
            replace(MONTHLY, status="unpaid"),
            None,
            "An invoice was never paid, so access has ended. Pay it, and it opens again.",
        ),
        (
            replace(MONTHLY, status="incomplete"),
            None,
            "The first payment has not gone through yet.",
        ),
        (
            replace(MONTHLY, status="incomplete_expired"),
            None,
            "The first payment never went through.",
        ),
        (
            replace(MONTHLY, status="resting"),
            APRIL,
            (
                "Stripe calls this “resting”, which is new to us. We have been told. "
                "What you have stays open until 2 April 2027."
            ),
        ),
        # A payment that was taken back, where the owner's policy has closed the door for it …
        (
            disputed("needs_response"),
            None,
            (
                "Your bank has asked for the last payment back, and that is being looked at. "
                "Nothing is open until that is decided or another payment succeeds."
            ),
        ),
        (
            disputed("lost"),
            None,
            (
                "The last payment went back to you through your bank. "
                "Nothing is open until another payment succeeds."
            ),
        ),
        (
            replace(MONTHLY, latest_payment=REFUNDED),
            None,
            "The last payment was refunded. Nothing is open until another payment succeeds.",
        ),
        # … and where it has not.
        (disputed("needs_response"), APRIL, "Renews on 2 April 2027."),
        (disputed("won"), APRIL, "Renews on 2 April 2027."),
        (
            replace(MONTHLY, latest_payment=REFUNDED),
            APRIL,
            "The last payment was refunded. Renews on 2 April 2027.",
        ),
        (
            replace(MONTHLY, latest_payment=PaymentFacts(amount=500, amount_refunded=499)),
            APRIL,
            "Renews on 2 April 2027.",
        ),
    ],
)
def test_every_state_of_a_subscription_has_its_sentence(
    sub: SubscriptionFacts, open_until: datetime | None, words: str
) -> None:
    told = outlook.of_subscription(
        sub, trial_end=on("2027-03-16"), open_until=open_until, policy=POLICY
    )
    assert told.words == words


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("active", None),
        ("past_due", Remedy.CARD),
        ("unpaid", Remedy.PORTAL),
        ("paused", Remedy.PORTAL),
        ("canceled", Remedy.PLANS),
    ],
)
def test_what_a_member_can_do_about_it(status: str, remedy: Remedy | None) -> None:
    told = outlook.of_subscription(
        replace(MONTHLY, status=status), trial_end=None, open_until=None, policy=POLICY
    )
    assert told.remedy is remedy


GUIDE = PurchaseFacts(
    session_id="cs_1",
    product_id="prod_1",
    status="complete",
    payment_status="paid",
    features=frozenset({"guide"}),
    paid_at=MARCH,
    access_days=30,
    payment=PAID,
)


@pytest.mark.parametrize(
    ("bought", "is_open", "words"),
    [
        (GUIDE, True, "Open until 1 April 2027."),
        (GUIDE, False, "It was open until 1 April 2027."),
        (replace(GUIDE, access_days=None), True, "Yours for good."),
        (
            replace(GUIDE, payment=REFUNDED),
            False,
            "The payment was refunded. It is closed.",
        ),
        (
            replace(GUIDE, payment=PaymentFacts(500, dispute_status="under_review")),
            False,
            (
                "Your bank has asked for the payment back, and that is being looked at. "
                "It is closed until that is decided."
            ),
        ),
    ],
)
def test_every_state_of_a_purchase_has_its_sentence(
    bought: PurchaseFacts, is_open: bool, words: str
) -> None:
    assert outlook.of_purchase(bought, is_open=is_open) == words
