"""Subscriptions: looked at, ended now or later, kept after all; by the API and in the portal."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import Buys, Hook
from tests.support.browser import Elsewhere

RETURN = "http://127.0.0.1:9/account"
OpenPortal = Callable[..., str]


@pytest.fixture
def portal(client: stripe.StripeClient) -> OpenPortal:
    """A customer's portal: portal("cus_…", mode="immediately"); its address."""

    def open_portal(customer: str, **cancel: Any) -> str:
        features: Any = {
            "invoice_history": {"enabled": True},
            "subscription_cancel": {"enabled": True, **cancel},
        }
        configuration = client.v1.billing_portal.configurations.create({"features": features})
        session = client.v1.billing_portal.sessions.create(
            {"customer": customer, "configuration": configuration.id, "return_url": RETURN}
        )
        return session.url

    return open_portal


def period_end(subscription: stripe.Subscription) -> int:
    return int(subscription["items"].data[0].current_period_end)


def test_a_list_leaves_out_the_canceled_unless_it_is_asked_for_all(
    client: stripe.StripeClient, buys: Buys
) -> None:
    over, live = buys("monthly"), buys("yearly")
    client.v1.subscriptions.cancel(str(over.subscription))

    def ids(**wanted: Any) -> list[str]:
        params: stripe.params.SubscriptionListParams = wanted  # type: ignore[assignment]
        return [found.id for found in client.v1.subscriptions.list(params).data]

    assert ids() == [live.subscription]
    assert ids(status="all") == [live.subscription, over.subscription]
    assert ids(status="ended") == ids(status="canceled") == [over.subscription]
    assert ids(status="all", customer=over.customer) == [over.subscription]


def test_ending_at_period_end_by_the_api_sets_both(client: stripe.StripeClient, buys: Buys) -> None:
    id_ = str(buys("monthly").subscription)

    ending = client.v1.subscriptions.update(id_, {"cancel_at_period_end": True})
    assert (ending.cancel_at, ending.cancel_at_period_end) == (period_end(ending), True)
    kept = client.v1.subscriptions.update(id_, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.cancel_at_period_end, kept.canceled_at) == (None, False, None)


def test_cancel_at_takes_a_date_or_a_word(client: stripe.StripeClient, buys: Buys) -> None:
    id_ = str(buys("monthly").subscription)

    now = client.v1.subscriptions.retrieve(id_).created
    assert client.v1.subscriptions.update(id_, {"cancel_at": now + 99}).cancel_at == now + 99
    ending = client.v1.subscriptions.update(id_, {"cancel_at": "max_period_end"})
    assert (ending.cancel_at, ending.cancel_at_period_end) == (period_end(ending), False)
    with pytest.raises(stripe.InvalidRequestError, match="in the future"):
        client.v1.subscriptions.update(id_, {"cancel_at": 1})


def test_what_has_ended_cannot_be_changed(client: stripe.StripeClient, buys: Buys) -> None:
    id_ = str(buys("monthly").subscription)

    ended = client.v1.subscriptions.cancel(id_)

    assert ended.status == "canceled"
    assert ended.ended_at
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(id_, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        client.v1.subscriptions.cancel(id_)
    assert client.v1.subscriptions.retrieve(id_).status == "canceled"


def test_a_deleted_customers_subscriptions_end(
    client: stripe.StripeClient, sandbox: Sandbox, buys: Buys, hook: Hook
) -> None:
    session = buys("monthly")
    sandbox.webhook_url = hook.url

    client.v1.customers.delete(str(session.customer))
    sandbox.deliver_pending()

    assert hook.types[-2:] == ["customer.subscription.deleted", "customer.deleted"]
    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["customer"]}
    )
    assert subscription.status == "canceled"
    assert isinstance(subscription.customer, stripe.Customer)
    assert subscription.customer.deleted


def test_ada_ends_it_in_the_portal_and_thinks_better_of_it(
    client: stripe.StripeClient,
    sandbox: Sandbox,
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
    hook: Hook,
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))
    sandbox.webhook_url = hook.url

    assert RETURN in payer.get(url).text
    payer.submit(url)

    ending = client.v1.subscriptions.retrieve(str(session.subscription))
    assert ending.status == "active"
    assert (ending.cancel_at, ending.cancel_at_period_end) == (period_end(ending), False)
    assert "Ends on" in payer.get(url).text
    payer.submit(url)
    assert client.v1.subscriptions.retrieve(ending.id).cancel_at is None
    sandbox.deliver_pending()
    assert hook.types[-2:] == ["customer.subscription.updated"] * 2
    assert hook.events[-2]["data"]["previous_attributes"]["cancel_at"] is None
    assert hook.events[-1]["data"]["previous_attributes"]["cancel_at"] == ending.cancel_at


def test_a_portal_can_end_it_at_once(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer), mode="immediately")

    payer.submit(url)

    assert client.v1.subscriptions.retrieve(str(session.subscription)).status == "canceled"
    assert "Ended on" in payer.get(url).text


def test_a_portal_changes_nobody_elses_subscription(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    ada, eve = buys("monthly"), buys("monthly", email="eve@example.com")
    url = portal(str(eve.customer))

    forged = {"subscription": str(ada.subscription)}
    answer = payer.session.post(f"{url}/cancel", data=forged, timeout=10)

    assert answer.status_code == 404
    assert client.v1.subscriptions.retrieve(str(ada.subscription)).cancel_at is None


def test_a_portal_link_does_not_last(
    client: stripe.StripeClient, sandbox: Sandbox, portal: OpenPortal, payer: Elsewhere
) -> None:
    url = portal(client.v1.customers.create({"email": "ada@example.com"}).id)
    assert "There is no subscription yet" in payer.get(url).text

    sandbox.clock.advance(60 * 60 + 1)

    assert payer.get(url).status_code == 410


def test_a_fresh_account_has_no_portal_until_it_is_configured(client: stripe.StripeClient) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"})

    with pytest.raises(stripe.InvalidRequestError, match="No configuration provided"):
        client.v1.billing_portal.sessions.create({"customer": ada.id})
