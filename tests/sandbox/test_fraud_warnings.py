"""A bank warns of fraud before anybody disputes."""

import pytest
import stripe

from sandbox.stripe import disputes, fraud_warnings
from sandbox.stripe.account import Account
from sandbox.stripe.errors import Refusal
from tests.sandbox.shop import DECLINED, Buys


@pytest.fixture
def charge(client: stripe.StripeClient, buys: Buys) -> str:
    buys("guide")
    return client.v1.charges.list().data[0].id


def told(account: Account) -> list[str]:
    return [e["type"] for e in account.all("event") if e["type"].startswith("radar.")]


def test_a_warning_is_actionable_until_all_is_refunded(
    client: stripe.StripeClient, account: Account, charge: str
) -> None:
    fraud_warnings.warn(account, charge)
    (warning,) = client.v1.radar.early_fraud_warnings.list({"charge": charge}).data
    assert warning.actionable

    client.v1.refunds.create({"charge": charge, "amount": 100})
    assert client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable
    client.v1.refunds.create({"charge": charge})

    assert not client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable
    assert told(account) == [
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
    ]


def test_a_dispute_comes_first(account: Account, charge: str) -> None:
    fraud_warnings.warn(account, charge)

    disputes.open_(account, charge)

    (warning,) = account.all(fraud_warnings.KIND)
    assert warning["actionable"] is False


def test_after_a_dispute_there_is_nothing_to_do(account: Account, charge: str) -> None:
    disputes.open_(account, charge)

    assert fraud_warnings.warn(account, charge)["actionable"] is False
    with pytest.raises(Refusal, match="a warning already"):
        fraud_warnings.warn(account, charge)


def test_nobody_warns_of_what_was_not_paid(account: Account, buys: Buys) -> None:
    buys("guide", card=DECLINED)

    with pytest.raises(Refusal, match="not successful"):
        fraud_warnings.warn(account, account.all("charge")[0]["id"])
    assert account.all(fraud_warnings.KIND) == []
