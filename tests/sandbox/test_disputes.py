"""A bank takes a payment back: opened, answered, won, lost; or it only asks."""

import pytest
import stripe

from sandbox.stripe import disputes
from sandbox.stripe.account import Account
from sandbox.stripe.errors import Refusal
from tests.sandbox.shop import DECLINED, Buys


@pytest.fixture
def charge(client: stripe.StripeClient, buys: Buys) -> str:
    """Ada's first month."""
    session = buys("monthly")
    return client.v1.charges.list({"customer": str(session.customer)}).data[0].id


def told(account: Account) -> list[str]:
    """The events of disputes, in order, with the status that each of them shows."""
    return [
        f"{event['type'].removeprefix('charge.dispute.')} {event['data']['object']['status']}"
        for event in account.all("event")
        if event["type"].startswith("charge.dispute.")
    ]


def test_lost_the_money_stays_away(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    opened = disputes.open_(account, charge, "subscription_canceled")
    (found,) = client.v1.disputes.list({"charge": charge}).data
    assert (found.id, found.status, found.amount) == (opened["id"], "needs_response", 500)
    assert (found.reason, found.is_charge_refundable) == ("subscription_canceled", False)
    assert found.evidence_details.due_by == opened["created"] + 7 * 24 * 60 * 60
    assert [move.net for move in found.balance_transactions] == [-500 - 2000]
    assert client.v1.charges.retrieve(charge).disputed

    disputes.lose(account, opened["id"])

    assert client.v1.disputes.retrieve(opened["id"]).status == "lost"
    assert told(account) == [
        "created needs_response",
        "funds_withdrawn needs_response",
        "closed lost",
    ]


def test_won_the_money_comes_back_without_the_fee(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    opened = disputes.open_(account, charge)
    answered = client.v1.disputes.update(
        opened["id"], {"evidence": {"uncategorized_text": "She read all of it."}}
    )
    assert answered.status == "under_review"

    disputes.win(account, opened["id"])

    after = client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
    assert after.status == "won"
    assert [move.net for move in after.balance_transactions] == [-2500, 500]
    assert isinstance(after.charge, stripe.Charge)
    assert after.charge.disputed  # it was, and stays marked
    assert told(account)[2:] == ["updated under_review", "closed won", "funds_reinstated won"]
    assert client.v1.refunds.create({"charge": charge}).amount == 500


@pytest.mark.parametrize(
    ("text", "verdict"), [("winning_evidence", "won"), ("losing_evidence", "lost")]
)
def test_the_texts_of_stripes_test_mode_decide_at_once(
    client: stripe.StripeClient, account: Account, charge: str, text: str, verdict: str
) -> None:
    opened = disputes.open_(account, charge)
    staged = client.v1.disputes.update(
        opened["id"], {"evidence": {"uncategorized_text": text}, "submit": False}
    )
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)

    assert client.v1.disputes.update(opened["id"], {"submit": True}).status == verdict


def test_evidence_is_submitted_once(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    opened = disputes.open_(account, charge)
    client.v1.disputes.update(opened["id"], {"evidence": {"uncategorized_text": "First"}})

    with pytest.raises(stripe.InvalidRequestError, match="cannot be changed"):
        client.v1.disputes.update(opened["id"], {"evidence": {"uncategorized_text": "Second"}})

    marked = client.v1.disputes.update(opened["id"], {"metadata": {"seen": "yes"}})
    assert (marked.status, marked.evidence.uncategorized_text) == ("under_review", "First")


def test_the_owner_gives_in(client: stripe.StripeClient, account: Account, charge: str) -> None:
    opened = disputes.open_(account, charge)

    assert client.v1.disputes.close(opened["id"]).status == "lost"

    with pytest.raises(stripe.InvalidRequestError, match="lost already"):
        client.v1.disputes.close(opened["id"])
    assert told(account)[-1] == "closed lost"
    assert len(told(account)) == 3


def test_an_inquiry_moves_no_money_and_can_be_refunded(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    asked = disputes.warn(account, charge, "unrecognized")
    assert asked["balance_transactions"] == []
    assert client.v1.refunds.create({"charge": charge, "amount": 100}).status == "succeeded"

    assert client.v1.disputes.close(asked["id"]).status == "warning_closed"

    assert told(account) == ["created warning_needs_response", "closed warning_closed"]


def test_an_inquiry_becomes_a_dispute(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    asked = disputes.warn(account, charge)

    disputes.escalate(account, asked["id"])

    found = client.v1.disputes.retrieve(asked["id"])
    assert (found.status, found.is_charge_refundable) == ("needs_response", False)
    assert found.payment_method_details is not None
    assert found.payment_method_details.card is not None
    assert found.payment_method_details.card.case_type == "chargeback"
    assert told(account)[1:] == ["updated needs_response", "funds_withdrawn needs_response"]


def test_one_at_a_time(account: Account, charge: str) -> None:
    first = disputes.open_(account, charge)
    with pytest.raises(Refusal, match="disputed already"):
        disputes.open_(account, charge)
    disputes.lose(account, first["id"])
    for decide in (disputes.win, disputes.lose, disputes.escalate):
        with pytest.raises(Refusal, match="lost already"):
            decide(account, first["id"])
    with pytest.raises(Refusal, match="disputed already"):
        disputes.warn(account, charge)


def test_nobody_disputes_what_was_not_paid(
    client: stripe.StripeClient, account: Account, buys: Buys
) -> None:
    buys("guide", card=DECLINED)
    (failed,) = client.v1.charges.list().data

    with pytest.raises(Refusal, match="not successful"):
        disputes.open_(account, failed.id)
    with pytest.raises(Refusal, match="No such charge"):
        disputes.open_(account, "ch_none")
    with pytest.raises(Refusal, match="disputes a payment for"):
        disputes.open_(account, failed.id, "a bad mood")
    assert account.all("dispute") == []


def test_a_subscription_goes_on_through_a_dispute(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    (before,) = client.v1.subscriptions.list().data

    disputes.lose(account, disputes.open_(account, charge)["id"])

    assert client.v1.subscriptions.list().data == [before]


def test_silence_loses_after_a_week(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    opened = disputes.open_(account, charge)
    account.clock.advance_to(opened["created"] + 7 * 24 * 60 * 60 - 60)
    assert client.v1.disputes.retrieve(opened["id"]).status == "needs_response"

    account.clock.advance(60)

    assert client.v1.disputes.retrieve(opened["id"]).status == "lost"
