"""A story written for real Stripe's test clocks runs here: who has a clock lives by it alone."""

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.lives import DAY, HOUR, invoices, now, period, someone, subscribes

NEW_YEAR = 1_767_225_600  # 1 January 2026


@pytest.fixture
def clock(client: stripe.StripeClient) -> stripe.test_helpers.TestClock:
    wanted: stripe.params.test_helpers.TestClockCreateParams = {"frozen_time": NEW_YEAR}
    return client.v1.test_helpers.test_clocks.create(wanted)


@pytest.fixture
def ada(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, prices: dict[str, str]
) -> stripe.Subscription:
    return subscribes(client, someone(client, test_clock=clock.id), prices["monthly"])


def advance(client: stripe.StripeClient, clock_id: str, moment: int) -> None:
    client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": moment})
    assert client.v1.test_helpers.test_clocks.retrieve(clock_id).status == "ready"


def test_everything_of_theirs_is_dated_by_their_clock(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, ada: stripe.Subscription
) -> None:
    customer = client.v1.customers.retrieve(str(ada.customer))

    assert customer.test_clock == ada.test_clock == clock.id
    assert customer.created == ada.created == period(ada)[0] == NEW_YEAR
    assert invoices(client, ada)[0].created == NEW_YEAR
    event = client.v1.charges.list().data[0]
    assert event.created == NEW_YEAR


def test_they_are_renewed_when_their_clock_is_advanced(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, ada: stripe.Subscription
) -> None:
    advance(client, clock.id, NEW_YEAR + 31 * DAY + 2 * HOUR)

    assert [invoice.status for invoice in invoices(client, ada)] == ["paid", "paid"]
    assert period(now(client, ada))[0] == NEW_YEAR + 31 * DAY


def test_neither_clock_moves_what_lives_by_the_other(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    clock: stripe.test_helpers.TestClock,
    ada: stripe.Subscription,
    prices: dict[str, str],
) -> None:
    grace = subscribes(client, someone(client), prices["monthly"])

    advance(client, clock.id, NEW_YEAR + 40 * DAY)
    assert len(invoices(client, grace)) == 1
    sandbox.clock.advance(400 * DAY)

    assert len(invoices(client, grace)) > 10
    assert len(invoices(client, ada)) == 2


def test_a_clock_goes_forward_and_not_too_far(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, ada: stripe.Subscription
) -> None:
    for moment, message in ((NEW_YEAR, "must be after"), (NEW_YEAR + 90 * DAY, "two intervals")):
        with pytest.raises(stripe.InvalidRequestError, match=message):
            advance(client, clock.id, moment)


def test_a_clock_is_deleted_with_its_customers(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, ada: stripe.Subscription
) -> None:
    client.v1.test_helpers.test_clocks.delete(clock.id)

    assert now(client, ada).status == "canceled"
    assert client.v1.customers.retrieve(str(ada.customer)).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client.v1.test_helpers.test_clocks.retrieve(clock.id)


def test_an_unknown_clock_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such test_helpers"):
        client.v1.customers.create({"test_clock": "clock_none"})
