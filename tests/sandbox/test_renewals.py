"""A subscription is renewed: the period moves on first, and the charge comes an hour later."""

import json
from pathlib import Path

import pytest
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import renewals
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
from tests.sandbox.shop import Hook


@pytest.fixture
def ada(client: stripe.StripeClient, prices: dict[str, str]) -> stripe.Subscription:
    return subscribes(client, someone(client), prices["monthly"], metadata={"user_id": "1"})


def test_the_period_moves_on_an_hour_before_the_charge(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    _, end = period(ada)

    sandbox.clock.advance_to(end)
    renewed = now(client, ada)
    draft = invoices(client, ada)[-1]
    assert (renewed.status, period(renewed)[0]) == ("active", end)
    assert (draft.status, draft.billing_reason, draft.attempted) == (
        "draft",
        "subscription_cycle",
        False,
    )
    assert draft.automatically_finalizes_at == end + HOUR
    assert renewed.latest_invoice == draft.id

    sandbox.clock.advance_to(end + HOUR)
    paid = invoices(client, ada)[-1]
    assert (paid.id, paid.status, paid.amount_paid, paid.attempt_count) == (
        draft.id,
        "paid",
        500,
        1,
    )
    line = paid.lines.data[0]
    assert (line.period.start, line.period.end) == period(renewed)
    assert paid.status_transitions.paid_at == end + HOUR
    assert (paid.period_start, paid.period_end) == (period(ada)[0], end)


def test_a_renewal_says_everything_stripe_says(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    sandbox.clock.advance(RENEWED)

    assert happened(client, since=period(ada)[1]) == [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]
    event = client.v1.events.list({"type": "customer.subscription.updated"}).data[0]
    was = event.data.previous_attributes
    assert was is not None
    assert {"items", "latest_invoice"} == set(was.to_dict())
    assert event.request is not None
    assert event.request.id is None


def test_events_bear_the_moment_they_are_about(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    _, end = period(ada)

    sandbox.clock.advance(70 * DAY)

    created = [event["created"] for event in sandbox.account.all("event")]
    assert created == sorted(created)
    paid = [e["created"] for e in sandbox.account.all("event", type="invoice.paid")]
    assert paid[1] == end + HOUR


def test_two_years_later_every_month_was_charged_once_and_the_day_has_not_drifted(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_769_817_600})  # 31 January
    ada = subscribes(client, someone(client, test_clock=clock.id), prices["monthly"])
    moment = clock.frozen_time
    for _ in range(24):
        moment += 31 * DAY
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": moment})

    raised = [i for i in invoices(client, ada) if i.billing_reason == "subscription_cycle"]
    starts = [invoice.lines.data[0].period.start for invoice in raised]
    ends = [invoice.lines.data[0].period.end for invoice in raised]
    assert len(raised) == 24
    assert all(invoice.status == "paid" for invoice in raised)
    assert starts[1:] == ends[:-1]
    assert starts[0] == 1_772_236_800  # 28 February
    assert ends[0] == 1_774_915_200  # 31 March


def test_a_scheduled_end_comes_instead_of_a_renewal(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    client.v1.subscriptions.update(ada.id, {"cancel_at_period_end": True})

    sandbox.clock.advance(RENEWED)

    over = now(client, ada)
    assert (over.status, over.ended_at) == ("canceled", period(ada)[1])
    assert len(invoices(client, ada)) == 1
    assert happened(client)[-1] == "customer.subscription.deleted"


def test_a_canceled_subscription_is_never_charged_again(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    sandbox.clock.advance_to(period(ada)[1] + 60)  # its draft is there, and not yet charged
    client.v1.subscriptions.cancel(ada.id)

    sandbox.clock.advance(90 * DAY)

    assert [charge.amount for charge in client.v1.charges.list().data] == [500]
    assert [invoice.status for invoice in invoices(client, ada)] == ["paid", "draft"]


def test_a_renewal_can_be_brought_forward(
    client: stripe.StripeClient, sandbox: Sandbox, ada: stripe.Subscription
) -> None:
    sandbox.clock.advance(10 * DAY)
    moment = sandbox.clock.now()

    account = sandbox.account
    with account.store.lock:
        renewals.renew_now(account, account.get("subscription", ada.id))

    renewed = now(client, ada)
    assert moment <= period(renewed)[0] <= moment + 5
    assert renewed.billing_cycle_anchor == period(renewed)[0]
    assert [invoice.status for invoice in invoices(client, ada)] == ["paid", "paid"]


def test_what_is_due_happens_as_real_time_passes_too(
    client: stripe.StripeClient, sandbox: Sandbox, hook: Hook, ada: stripe.Subscription
) -> None:
    """Nobody calls `advance` over the last second: the clock ticks by itself."""
    sandbox.clock.advance_to(period(ada)[1] - 1)
    assert period(now(client, ada)) == period(ada)
    sandbox.webhook_url = hook.url

    assert hook.hears("customer.subscription.updated")
    assert period(now(client, ada))[0] == period(ada)[1]


def test_a_restart_forgets_nothing_that_is_to_come(
    tmp_path: Path, client: stripe.StripeClient
) -> None:
    state, file = tmp_path / "state.db", tmp_path / "clock.json"
    with Sandbox(state=state, clock_file=file) as first:
        price = first.seed()["monthly"]["id"]
        there = stripe.StripeClient("sk_test_1", base_addresses={"api": first.stripe_base})
        ada = subscribes(there, someone(there), price)
        first.clock.advance(20 * DAY)
        ahead = json.loads(file.read_text())["ahead"]
    file.unlink()

    with Sandbox(state=state, clock_file=file) as second:
        there = stripe.StripeClient("sk_test_1", base_addresses={"api": second.stripe_base})
        assert json.loads(file.read_text()) == {"ahead": ahead} == {"ahead": 20 * DAY}
        second.clock.advance(RENEWED - 20 * DAY)
        assert [invoice.status for invoice in invoices(there, ada)] == ["paid", "paid"]
        assert period(now(there, ada))[0] == period(ada)[1]


def test_time_does_not_go_back(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="does not go back"):
        sandbox.clock.advance(-1)
