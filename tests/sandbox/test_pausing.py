"""Paused and resumed; and collection that is paused while the subscription goes on."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import customers
from sandbox.stripe.payments import CARDS
from tests.sandbox.lives import (
    DAY,
    HOUR,
    RENEWED,
    happened,
    invoices,
    now,
    period,
    someone,
    subscribes,
)


@pytest.fixture
def ada(client: stripe.StripeClient, prices: dict[str, str]) -> stripe.Subscription:
    return subscribes(client, someone(client), prices["monthly"])


def test_while_it_is_paused_nothing_is_invoiced(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    paused = client.v1.subscriptions.pause(ada.id)

    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert happened(client)[-2:] == [
        "customer.subscription.updated",
        "customer.subscription.paused",
    ]
    sandbox.clock.advance(100 * DAY)
    assert len(invoices(client, ada)) == 1
    with pytest.raises(stripe.InvalidRequestError, match="cannot pause"):
        client.v1.subscriptions.pause(ada.id)


def test_resumed_it_begins_a_new_period_less_what_was_not_used(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    start, end = period(ada)
    sandbox.clock.advance_to(start + (end - start) // 2)
    client.v1.subscriptions.pause(ada.id)
    sandbox.clock.advance(40 * DAY)

    resumed = client.v1.subscriptions.resume(ada.id)

    assert (resumed.status, resumed.status_details) == ("active", None)
    assert period(resumed)[0] == resumed.billing_cycle_anchor > end
    invoice = invoices(client, ada)[-1]
    assert [line.amount for line in invoice.lines.data] == [-250, 500]
    assert invoice.status == "paid"
    assert "customer.subscription.resumed" in happened(client)
    with pytest.raises(stripe.InvalidRequestError, match="only resume"):
        client.v1.subscriptions.resume(ada.id)


def test_resumed_in_its_old_rhythm_only_the_rest_of_the_period_is_charged(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    start, end = period(ada)
    nothing: Any = {"bill_for": {"unused_time_from": {"type": "none"}}}
    client.v1.subscriptions.pause(ada.id, nothing)
    sandbox.clock.advance_to(end + 10 * DAY)

    unchanged: Any = {"billing_cycle_anchor": {"type": "unchanged"}}
    resumed = client.v1.subscriptions.resume(ada.id, unchanged)

    assert period(resumed)[0] == end
    assert resumed.billing_cycle_anchor == start
    amount = invoices(client, ada)[-1].amount_paid
    assert 300 < amount < 400  # some twenty days of thirty


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("resume_on_payment_attempt", "past_due"), ("resume_on_payment_success", "paused")],
)
def test_resumed_with_a_card_that_fails(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    prices: dict[str, str],
    behavior: str,
    status: str,
) -> None:
    eve = subscribes(client, someone(client), prices["monthly"])
    nothing: Any = {"bill_for": {"unused_time_from": {"type": "none"}}}
    client.v1.subscriptions.pause(eve.id, nothing)
    sandbox.clock.advance(40 * DAY)
    fails = CARDS["4000000000000341"]
    customers.set_card(sandbox.account, str(eve.customer), fails)
    params: Any = {"payment_behavior": behavior}

    assert client.v1.subscriptions.resume(eve.id, params).status == status
    sandbox.clock.advance(20 * DAY)
    assert now(client, eve).status == status
    customers.set_card(sandbox.account, str(eve.customer), CARDS["4242424242424242"])
    client.v1.invoices.pay(invoices(client, eve)[-1].id)
    assert now(client, eve).status == "active"


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible"), ("void", "void")],
)
def test_collection_can_be_paused_and_goes_on_by_itself(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    ada: stripe.Subscription,
    behavior: str,
    status: str,
) -> None:
    resumes_at = period(ada)[1] + 20 * DAY
    wanted: Any = {"pause_collection": {"behavior": behavior, "resumes_at": resumes_at}}
    client.v1.subscriptions.update(ada.id, wanted)

    sandbox.clock.advance(RENEWED)
    assert now(client, ada).status == "active"
    assert [invoice.status for invoice in invoices(client, ada)] == ["paid", status]

    sandbox.clock.advance_to(resumes_at)
    assert now(client, ada).pause_collection is None
    sandbox.clock.advance_to(period(now(client, ada))[1] + 2 * HOUR)
    assert [invoice.status for invoice in invoices(client, ada)] == ["paid", status, "paid"]
    assert "customer.subscription.paused" not in happened(client)


def test_a_trial_that_is_paused_is_not_told_of(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    grace = subscribes(client, someone(client), prices["monthly"], trial_period_days=7)
    client.v1.subscriptions.pause(grace.id)

    sandbox.clock.advance(20 * DAY)

    assert now(client, grace).status == "paused"
    assert "customer.subscription.trial_will_end" not in happened(client)
    assert client.v1.charges.list().data == []
