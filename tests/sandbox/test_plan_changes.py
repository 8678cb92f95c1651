"""A plan is changed: what was paid for the rest of the period is credited, the new one charged."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import subscriptions
from tests.sandbox.lives import (
    DAY,
    HOUR,
    RENEWED,
    happened,
    invoices,
    item_of,
    now,
    period,
    someone,
    subscribes,
)

JANUARY = 1_767_225_600  # of 2026: 31 days


@pytest.fixture
def dear(client: stripe.StripeClient) -> str:
    """A monthly price of €9."""
    return client.v1.prices.create(
        {
            "currency": "eur",
            "product": "prod_Membership",
            "recurring": {"interval": "month"},
            "unit_amount": 900,
        }
    ).id


@pytest.fixture
def clock(client: stripe.StripeClient) -> str:
    return client.v1.test_helpers.test_clocks.create({"frozen_time": JANUARY}).id


@pytest.fixture
def ada(client: stripe.StripeClient, clock: str, prices: dict[str, str]) -> stripe.Subscription:
    """€5 a month since the first of January."""
    return subscribes(client, someone(client, test_clock=clock), prices["monthly"])


def to(client: stripe.StripeClient, clock: str, days: float) -> None:
    moment = JANUARY + int(days * DAY)
    client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": moment})


def switch(
    client: stripe.StripeClient, member: stripe.Subscription, price: str, **params: Any
) -> stripe.Subscription:
    wanted: Any = {"items": [{"id": item_of(member), "price": price}], **params}
    return client.v1.subscriptions.update(member.id, wanted)


def amounts(invoice: stripe.Invoice) -> list[int]:
    return [line.amount for line in invoice.lines.data]


def test_an_upgrade_is_prorated_on_the_next_invoice(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, dear: str
) -> None:
    to(client, clock, 15.5)

    upgraded = switch(client, ada, dear)

    assert upgraded["items"].data[0].price.id == dear
    assert (period(upgraded), item_of(upgraded)) == (period(ada), item_of(ada))
    assert len(invoices(client, ada)) == 1
    to(client, clock, 31.1)
    renewal = invoices(client, ada)[-1]
    assert amounts(renewal) == [-250, 450, 900]
    assert (renewal.total, renewal.amount_paid) == (1100, 1100)
    credit = renewal.lines.data[0]
    assert credit.parent is not None
    assert credit.parent.subscription_item_details is not None
    assert credit.parent.subscription_item_details.proration


def test_an_upgrade_can_be_invoiced_at_once(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, dear: str
) -> None:
    to(client, clock, 15.5)

    upgraded = switch(client, ada, dear, proration_behavior="always_invoice")

    invoice = invoices(client, ada)[-1]
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    assert (amounts(invoice), invoice.amount_paid) == ([-250, 450], 200)
    assert upgraded.latest_invoice == invoice.id
    to(client, clock, 31.1)
    assert amounts(invoices(client, ada)[-1]) == [900]


def test_without_prorations_nothing_is_paid_before_the_renewal(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, dear: str
) -> None:
    to(client, clock, 15.5)
    switch(client, ada, dear, proration_behavior="none")

    to(client, clock, 31.1)

    assert [amounts(invoice) for invoice in invoices(client, ada)] == [[500], [900]]


def test_a_credit_is_of_what_was_really_debited(
    client: stripe.StripeClient,
    clock: str,
    ada: stripe.Subscription,
    dear: str,
    prices: dict[str, str],
) -> None:
    """Up without prorations and down again: €5 were paid, so half of €5 is what is left."""
    switch(client, ada, dear, proration_behavior="none")
    to(client, clock, 15.5)

    switch(client, ada, prices["monthly"], proration_behavior="always_invoice")

    assert amounts(invoices(client, ada)[-1]) == [-250, 250]


def test_there_and_back_again_costs_nothing(
    client: stripe.StripeClient,
    clock: str,
    ada: stripe.Subscription,
    dear: str,
    prices: dict[str, str],
) -> None:
    to(client, clock, 10)
    switch(client, ada, dear)
    switch(client, ada, prices["monthly"])

    to(client, clock, 31.1)

    assert invoices(client, ada)[-1].total == 500


def test_what_is_left_of_a_downgrade_pays_for_later_months(
    client: stripe.StripeClient, clock: str, dear: str, prices: dict[str, str]
) -> None:
    ada = subscribes(client, someone(client, test_clock=clock), dear)
    to(client, clock, 15.5)

    switch(client, ada, prices["monthly"], proration_behavior="always_invoice")

    downgrade = invoices(client, ada)[-1]
    assert (downgrade.total, downgrade.amount_due, downgrade.status) == (-200, 0, "paid")
    assert client.v1.customers.retrieve(str(ada.customer)).balance == -200
    to(client, clock, 31.1)
    renewal = invoices(client, ada)[-1]
    assert (renewal.total, renewal.amount_paid) == (500, 300)
    assert (renewal.starting_balance, renewal.ending_balance) == (-200, 0)
    assert client.v1.customers.retrieve(str(ada.customer)).balance == 0


def test_from_months_to_years_a_new_period_begins(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, prices: dict[str, str]
) -> None:
    to(client, clock, 15.5)
    moment = JANUARY + int(15.5 * DAY)

    yearly = switch(client, ada, prices["yearly"])

    assert period(yearly) == (moment, moment + 365 * DAY)
    assert yearly.billing_cycle_anchor == moment
    invoice = invoices(client, ada)[-1]
    assert (amounts(invoice), invoice.amount_paid) == ([-250, 5000], 4750)


def test_more_of_the_same_is_prorated_too(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription
) -> None:
    to(client, clock, 15.5)
    items: Any = [{"id": item_of(ada), "quantity": 3}]
    client.v1.subscriptions.update(ada.id, {"items": items, "proration_behavior": "always_invoice"})

    assert amounts(invoices(client, ada)[-1]) == [-250, 750]


def test_a_second_item_joins_the_period_and_can_be_taken_away(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, dear: str
) -> None:
    to(client, clock, 15.5)

    more: Any = {"items": [{"price": dear}], "proration_behavior": "always_invoice"}
    two = client.v1.subscriptions.update(ada.id, more)
    assert amounts(invoices(client, ada)[-1]) == [450]
    assert {item.current_period_end for item in two["items"].data} == {period(ada)[1]}

    less: Any = {"items": [{"id": item_of(ada), "deleted": True}]}
    one = client.v1.subscriptions.update(ada.id, less)
    assert [item.price.id for item in one["items"].data] == [dear]
    with pytest.raises(stripe.InvalidRequestError, match="at least one"):
        client.v1.subscriptions.update(ada.id, {"items": [{"id": item_of(one), "deleted": True}]})


def test_in_a_trial_a_change_costs_nothing(
    client: stripe.StripeClient, clock: str, dear: str, prices: dict[str, str]
) -> None:
    customer = someone(client, test_clock=clock)
    grace = subscribes(client, customer, prices["monthly"], trial_period_days=7)

    changed = switch(client, grace, dear, proration_behavior="always_invoice")

    assert (changed.status, period(changed)) == ("trialing", period(grace))
    to(client, clock, 7.1)
    assert [amounts(invoice) for invoice in invoices(client, grace)] == [[0], [900]]


def test_an_upgrade_whose_charge_fails_is_past_due_or_refused(
    client: stripe.StripeClient, sandbox: Sandbox, dear: str, prices: dict[str, str]
) -> None:
    eve = subscribes(client, someone(client, "chargeCustomerFail"), prices["monthly"])
    sandbox.clock.advance(10 * DAY)
    wanted: Any = {"proration_behavior": "always_invoice", "off_session": True}

    with pytest.raises(stripe.CardError, match="declined"):
        switch(client, eve, dear, payment_behavior="error_if_incomplete", **wanted)
    assert now(client, eve)["items"].data[0].price.id == prices["monthly"]
    assert len(invoices(client, eve)) == 1

    assert switch(client, eve, dear, **wanted).status == "past_due"


def test_a_preview_says_what_will_be_and_does_nothing(
    client: stripe.StripeClient, clock: str, ada: stripe.Subscription, dear: str
) -> None:
    to(client, clock, 15.5)
    items: Any = [{"id": item_of(ada), "price": dear}]
    before = happened(client)

    now_: Any = {"items": items, "proration_behavior": "always_invoice"}
    at_once = client.v1.invoices.create_preview(
        {"subscription": ada.id, "subscription_details": now_}
    )
    next_ = client.v1.invoices.create_preview({"subscription": ada.id})

    assert (amounts(at_once), at_once.amount_due) == ([-250, 450], 200)
    assert amounts(next_) == [500]
    assert next_.lines.data[0].period.start == period(ada)[1]
    assert happened(client) == before
    assert client.v1.invoice_items.list().data == []
    switch(client, ada, dear, proration_behavior="always_invoice")
    assert invoices(client, ada)[-1].amount_paid == at_once.amount_due


def test_the_portals_way_changes_the_plan_too(
    client: stripe.StripeClient, sandbox: Sandbox, dear: str, prices: dict[str, str]
) -> None:
    ada = subscribes(client, someone(client), prices["monthly"])

    account = sandbox.account
    with account.store.lock:
        subscriptions.change_plan(
            account, account.get("subscription", ada.id), dear, proration_behavior="none"
        )

    assert now(client, ada)["items"].data[0].price.id == dear
    sandbox.clock.advance(RENEWED + HOUR)
    assert invoices(client, ada)[-1].amount_paid == 900


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"id": "si_none", "price": "x"}], "No such subscription_item"),
        ([{"price": "price_none"}], "No such price"),
        ([{"quantity": 2}], "Missing required param"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    client: stripe.StripeClient, ada: stripe.Subscription, items: Any, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        client.v1.subscriptions.update(ada.id, {"items": items})

    assert now(client, ada).to_dict() == ada.to_dict()


def test_an_upgrade_whose_charge_fails_is_tried_again_like_a_renewal(
    client: stripe.StripeClient, sandbox: Sandbox, dear: str, prices: dict[str, str]
) -> None:
    eve = subscribes(client, someone(client, "chargeCustomerFail"), prices["monthly"])
    switch(client, eve, dear, proration_behavior="always_invoice", off_session=True)
    assert now(client, eve).status == "past_due"

    sandbox.clock.advance(16 * DAY)

    assert now(client, eve).status == "canceled"


def test_what_a_discount_took_off_is_not_given_back(
    client: stripe.StripeClient, clock: str, dear: str, prices: dict[str, str]
) -> None:
    client.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    customer = someone(client, test_clock=clock)
    ada = subscribes(client, customer, prices["monthly"], discounts=[{"coupon": "HALF"}])
    to(client, clock, 15.5)

    switch(client, ada, dear, proration_behavior="always_invoice")

    invoice = invoices(client, ada)[-1]
    assert (amounts(invoice), invoice.amount_paid) == ([-125, 450], 100)
