"""Trials: told of three days before, charged at the end, or over without a card."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.lives import (
    DAY,
    HOUR,
    happened,
    invoices,
    now,
    period,
    someone,
    subscribes,
)

TOLD = "customer.subscription.trial_will_end"


def test_grace_tries_it_for_a_week_and_stays(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    trial = subscribes(client, someone(client), prices["monthly"], trial_period_days=7)
    assert (trial.status, period(trial)[1]) == ("trialing", trial.trial_end)
    assert [invoice.amount_paid for invoice in invoices(client, trial)] == [0]

    sandbox.clock.advance(4 * DAY - HOUR)
    assert TOLD not in happened(client)
    sandbox.clock.advance(2 * HOUR)
    assert happened(client)[-1] == TOLD

    sandbox.clock.advance(3 * DAY + 2 * HOUR)
    member = now(client, trial)
    assert (member.status, period(member)[0]) == ("active", trial.trial_end)
    assert [invoice.amount_paid for invoice in invoices(client, trial)] == [0, 500]
    assert happened(client).count(TOLD) == 1


def test_a_trial_of_a_day_is_told_of_at_once(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    subscribes(client, someone(client), prices["monthly"], trial_period_days=1)

    sandbox.clock.advance(1)

    assert happened(client).count(TOLD) == 1


@pytest.mark.parametrize(
    ("behavior", "status", "last"),
    [
        ("pause", "paused", "customer.subscription.paused"),
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("create_invoice", "past_due", "customer.subscription.updated"),
    ],
)
def test_a_trial_without_a_card_ends_as_it_was_told_to(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    prices: dict[str, str],
    behavior: str,
    status: str,
    last: str,
) -> None:
    settings: Any = {"end_behavior": {"missing_payment_method": behavior}}
    nobody = someone(client, card=None)
    trial = subscribes(
        client, nobody, prices["monthly"], trial_period_days=7, trial_settings=settings
    )

    sandbox.clock.advance(7 * DAY + 2 * HOUR)

    after = now(client, trial)
    assert after.status == status
    assert happened(client, "customer.subscription.*")[-1] == last
    assert client.v1.charges.list().data == []
    if behavior == "pause":
        assert after.status_details is not None
        why = after.status_details.paused.subscription.type
        assert why == "trial_end_without_payment_method"


def test_a_trial_that_is_canceled_is_told_of_and_charged_no_more(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    trial = subscribes(client, someone(client), prices["monthly"], trial_period_days=7)
    client.v1.subscriptions.cancel(trial.id)

    sandbox.clock.advance(10 * DAY)

    assert TOLD not in happened(client)
    assert client.v1.charges.list().data == []


def test_a_trial_can_be_ended_now(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    trial = subscribes(client, someone(client), prices["monthly"], trial_period_days=7)

    member = client.v1.subscriptions.update(trial.id, {"trial_end": "now"})

    assert member.status == "active"
    assert [invoice.amount_paid for invoice in invoices(client, trial)] == [0, 500]
    sandbox.clock.advance(10 * DAY)
    assert TOLD not in happened(client)


def test_a_trial_can_be_made_longer(
    client: stripe.StripeClient, sandbox: Sandbox, prices: dict[str, str]
) -> None:
    trial = subscribes(client, someone(client), prices["monthly"], trial_period_days=7)
    assert trial.trial_end
    later = trial.trial_end + 7 * DAY

    longer = client.v1.subscriptions.update(trial.id, {"trial_end": later})

    assert (longer.status, period(longer)[1]) == ("trialing", later)
    sandbox.clock.advance(8 * DAY)
    assert now(client, trial).status == "trialing"
    assert TOLD not in happened(client)
