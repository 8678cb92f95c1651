"""A subscription begun by the API: at once, with its owner's help, or not at all."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.lives import DAY, HOUR, happened, invoices, now, period, someone, subscribes


def test_ada_subscribes_with_the_card_she_has(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    ada = subscribes(client, someone(client), prices["monthly"], metadata={"user_id": "1"})

    invoice = invoices(client, ada)[0]
    assert (ada.status, ada.latest_invoice) == ("active", invoice.id)
    assert (invoice.status, invoice.billing_reason) == ("paid", "subscription_create")
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.metadata is not None
    assert invoice.parent.subscription_details.metadata["user_id"] == "1"


def test_a_first_charge_that_fails_leaves_it_incomplete_for_23_hours(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    begun = _incomplete(client, prices["monthly"])
    assert begun.status == "incomplete"
    assert invoices(client, begun)[0].status == "open"

    sandbox.clock.advance(22 * HOUR)
    assert now(client, begun).status == "incomplete"
    sandbox.clock.advance(2 * HOUR)

    assert now(client, begun).status == "incomplete_expired"
    assert invoices(client, begun)[0].status == "void"
    sandbox.clock.advance(60 * DAY)
    assert [charge.status for charge in client.v1.charges.list().data] == []


def _incomplete(client: stripe.StripeClient, price: str) -> stripe.Subscription:
    return subscribes(client, someone(client), price, payment_behavior="default_incomplete")


def test_an_incomplete_one_is_active_when_its_invoice_is_paid(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    begun = _incomplete(client, prices["monthly"])

    client.v1.invoices.pay(str(begun.latest_invoice))

    assert now(client, begun).status == "active"
    sandbox.clock.advance(DAY)
    assert now(client, begun).status == "active"


def test_a_declined_card_may_be_an_error_and_then_nothing_is_begun(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    eve = someone(client, "chargeCustomerFail")

    with pytest.raises(stripe.CardError) as refused:
        subscribes(
            client,
            eve,
            prices["monthly"],
            payment_behavior="error_if_incomplete",
            off_session=True,
        )

    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert "customer.subscription.created" not in happened(client)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"items": []}, "Missing required param: items"),
        ({"items": [{"price": "price_none"}]}, "No such price"),
        ({"customer": "cus_none"}, "No such customer"),
        ({"trial_end": 5}, "in the future"),
        ({"trial_end": 2_000_000_000, "trial_period_days": 3}, "only specify one"),
        ({"default_payment_method": "pm_none"}, "No such payment_method"),
        ({"payment_method_types": ["card"]}, "unknown parameter"),
        ({"coupon": "SPRING"}, "unknown parameter: coupon"),
        ({"discounts": [{"coupon": "none"}]}, "No such coupon"),
        ({"billing_cycle_anchor": 5}, "in the future"),
    ],
)
def test_a_malformed_beginning_is_refused_in_stripes_words(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    prices: dict[str, str],
    params: dict[str, Any],
    message: str,
) -> None:
    ada = someone(client)

    with pytest.raises(stripe.InvalidRequestError, match=message):
        subscribes(client, params.pop("customer", ada), prices["monthly"], **params)

    assert client.v1.subscriptions.list({"status": "all"}).data == []


def test_without_a_card_only_a_trial_can_begin(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    nobody = someone(client, card=None)

    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribes(client, nobody, prices["monthly"])
    assert subscribes(client, nobody, prices["monthly"], trial_period_days=3).status == "trialing"


def test_a_one_off_price_cannot_be_subscribed_to(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="type=recurring"):
        subscribes(client, someone(client), prices["guide"])


def test_a_discount_runs_as_long_as_its_coupon_says(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    client.v1.coupons.create({"id": "ONCE", "percent_off": 50, "duration": "once"})
    client.v1.coupons.create(
        {"id": "TWO", "percent_off": 50, "duration": "repeating", "duration_in_months": 2}
    )
    once = subscribes(client, someone(client), prices["monthly"], discounts=[{"coupon": "ONCE"}])
    two = subscribes(client, someone(client), prices["monthly"], discounts=[{"coupon": "TWO"}])

    for _ in range(2):
        sandbox.clock.advance_to(period(now(client, two))[1] + 2 * HOUR)

    assert [invoice.amount_paid for invoice in invoices(client, once)] == [250, 500, 500]
    assert [invoice.amount_paid for invoice in invoices(client, two)] == [250, 250, 500]


def test_a_free_beginning_needs_no_card(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    client.v1.coupons.create({"id": "GIFT", "percent_off": 100, "duration": "forever"})

    grace = subscribes(client, someone(client), prices["monthly"], discounts=[{"coupon": "GIFT"}])

    assert grace.status == "active"
    assert client.v1.charges.list().data == []
