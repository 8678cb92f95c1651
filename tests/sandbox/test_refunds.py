"""Money given back: of all, of part, in several steps; and refunds that do not arrive."""

import pytest
import stripe

from sandbox.stripe import disputes, refunds
from sandbox.stripe.account import Account
from sandbox.stripe.errors import Refusal
from tests.sandbox.shop import Buys


@pytest.fixture
def charge(client: stripe.StripeClient, buys: Buys) -> str:
    """Ada paid €29 for the guide."""
    session = buys("guide")
    intent = client.v1.payment_intents.retrieve(str(session.payment_intent))
    return str(intent.latest_charge)


def told(account: Account) -> list[str]:
    return [e["type"] for e in account.all("event") if "refund" in e["type"]]


def test_ada_gets_everything_back(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    refund = client.v1.refunds.create({"charge": charge, "reason": "requested_by_customer"})

    assert (refund.amount, refund.status) == (2900, "succeeded")
    after = client.v1.charges.retrieve(charge)
    assert (after.amount_refunded, after.refunded) == (2900, True)
    assert told(account) == ["refund.created", "charge.refunded"]
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded") as refused:
        client.v1.refunds.create({"charge": charge})
    assert refused.value.code == "charge_already_refunded"


def test_in_parts_and_never_more_than_was_paid(client: stripe.StripeClient, charge: str) -> None:
    for _ in range(2):
        client.v1.refunds.create({"charge": charge, "amount": 1000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"charge": charge, "amount": 901})
    part = client.v1.charges.retrieve(charge)
    assert (part.amount_refunded, part.refunded) == (2000, False)

    client.v1.refunds.create({"charge": charge})

    whole = client.v1.charges.retrieve(charge, {"expand": ["refunds"]})
    assert (whole.amount_refunded, whole.refunded) == (2900, True)
    assert whole.refunds is not None
    assert [refund.amount for refund in whole.refunds.data] == [900, 1000, 1000]
    assert len(client.v1.refunds.list({"charge": charge}).data) == 3


def test_a_refund_that_fails_days_later_is_owed_again(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    refund = client.v1.refunds.create({"charge": charge})

    refunds.fail(account, refund.id, "lost_or_stolen_card")

    after = client.v1.refunds.retrieve(refund.id)
    assert (after.status, after.failure_reason) == ("failed", "lost_or_stolen_card")
    owed = client.v1.charges.retrieve(charge)
    assert (owed.amount_refunded, owed.refunded) == (0, False)
    assert told(account)[2:] == ["refund.updated", "charge.refund.updated", "refund.failed"]
    with pytest.raises(Refusal, match="failed already"):
        refunds.fail(account, refund.id)
    assert client.v1.refunds.create({"charge": charge}).status == "succeeded"


def test_a_pending_refund_arrives(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    pending = refunds.refund(account, {"charge": charge, "amount": 500}, pending=True)
    assert client.v1.charges.retrieve(charge).amount_refunded == 500

    refunds.settle(account, pending["id"])

    assert client.v1.refunds.retrieve(pending["id"]).status == "succeeded"
    assert client.v1.charges.retrieve(charge).amount_refunded == 500
    with pytest.raises(stripe.InvalidRequestError, match="no longer pending"):
        client.v1.refunds.cancel(pending["id"])


def test_a_pending_refund_is_canceled(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    pending = refunds.refund(account, {"charge": charge}, pending=True)

    assert client.v1.refunds.cancel(pending["id"]).status == "canceled"

    assert client.v1.charges.retrieve(charge).amount_refunded == 0


def test_what_the_bank_took_back_is_not_refunded_too(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    disputes.open_(account, charge)

    with pytest.raises(stripe.InvalidRequestError, match="charged back") as refused:
        client.v1.refunds.create({"charge": charge})

    assert refused.value.code == "charge_disputed"
    assert client.v1.charges.retrieve(charge).amount_refunded == 0


def test_a_refund_is_marked_and_found(client: stripe.StripeClient, charge: str) -> None:
    refund = client.v1.refunds.create({"charge": charge, "metadata": {"why": "sorry"}})

    client.v1.refunds.update(refund.id, {"metadata": {"by": "owner"}})

    marked = client.v1.refunds.list({"payment_intent": str(refund.payment_intent)}).data
    assert [dict(one.metadata.to_dict()) for one in marked if one.metadata] == [
        {"why": "sorry", "by": "owner"}
    ]


@pytest.mark.parametrize("params", [{}, {"charge": "ch_1", "payment_intent": "pi_1"}])
def test_of_one_payment_exactly(client: stripe.StripeClient, params: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="One of the following params"):
        client.v1.refunds.create(params)  # type: ignore[arg-type]
