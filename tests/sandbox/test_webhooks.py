"""Webhooks: signed, kept, tried again; held back when a test wants them late."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import Buys, Hook


@pytest.fixture
def impatient() -> Iterator[Sandbox]:
    """A sandbox that tries again almost at once, twice."""
    with Sandbox(webhook_retries=(0.05, 0.05)) as sandbox:
        yield sandbox


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_an_event_is_what_the_api_gives(
    client: stripe.StripeClient, sandbox: Sandbox, hook: Hook
) -> None:
    sandbox.webhook_url = hook.url
    ada = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "ada"})
    until(lambda: hook.types == ["customer.created"])

    (sent,) = hook.events
    assert sent["data"]["object"]["id"] == ada.id
    assert (sent["api_version"], sent["livemode"]) == ("2026-10-28.endive", False)
    assert sent["request"]["idempotency_key"] == "ada"
    until(lambda: client.v1.events.retrieve(sent["id"]).pending_webhooks == 0)
    assert client.v1.events.retrieve(sent["id"]).type == "customer.created"


def test_the_events_of_a_payment_and_their_order(sandbox: Sandbox, buys: Buys, hook: Hook) -> None:
    sandbox.webhook_url = hook.url
    buys("monthly")
    until(lambda: "invoice_payment.paid" in hook.types)

    assert hook.types == [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "checkout.session.completed",
        "customer.subscription.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_what_fails_is_tried_again_until_it_is_taken(impatient: Sandbox, hook: Hook) -> None:
    hook.answers = [500, 302]
    impatient.webhook_url = hook.url

    event = impatient.account.emit("product.created", {"id": "prod_1", "object": "product"})
    until(lambda: len(hook.events) == 3)

    until(lambda: impatient.account.courier.of(event)[0]["state"] == "delivered")
    delivery = impatient.account.courier.of(event)[0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 200]
    signatures = {sent["headers"]["Stripe-Signature"] for sent in hook.events}
    assert len({sent["id"] for sent in hook.events}) == 1
    assert all(signature.startswith("t=") for signature in signatures)


def test_in_the_end_it_is_given_up_and_can_be_sent_by_hand(impatient: Sandbox, hook: Hook) -> None:
    hook.answers = [500, 500, 500]
    impatient.webhook_url = hook.url
    courier = impatient.account.courier

    event = impatient.account.emit("product.created", {"id": "prod_1", "object": "product"})
    until(lambda: courier.of(event)[0]["state"] == "given up")

    courier.send_again(courier.of(event)[0]["id"])
    assert courier.of(event)[0]["state"] == "delivered"
    assert len(hook.events) == 4


def test_nobody_there_is_an_attempt_too(impatient: Sandbox) -> None:
    impatient.webhook_url = "http://127.0.0.1:9/hook"

    event = impatient.account.emit("product.created", {"id": "prod_1", "object": "product"})
    until(lambda: impatient.account.courier.of(event)[0]["state"] == "given up")

    attempts = impatient.account.courier.of(event)[0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == [None, None, None]
    assert "no answer" in attempts[0]["answer"]


def test_late_webhooks(
    client: stripe.StripeClient, sandbox: Sandbox, buys: Buys, hook: Hook
) -> None:
    sandbox.webhook_url = hook.url
    sandbox.webhooks_paused = True

    began = time.monotonic()
    session = buys("monthly")
    assert time.monotonic() - began < 5  # the payer does not wait for what is held back
    assert (session.status, hook.events) == ("complete", [])
    undelivered = client.v1.events.list({"delivery_success": False, "limit": 100}).data
    assert "checkout.session.completed" in {event.type for event in undelivered}

    assert sandbox.deliver_pending() == len(hook.events) == len(undelivered)
    assert "checkout.session.completed" in hook.types
    assert sandbox.deliver_pending() == 0
    sandbox.webhooks_paused = False


def test_the_payer_waits_for_the_shop_to_know(sandbox: Sandbox, buys: Buys, hook: Hook) -> None:
    hook.takes = {"checkout.session.completed": 0.3}
    sandbox.webhook_url = hook.url

    buys("guide")

    assert "checkout.session.completed" in hook.types


def test_an_endpoint_hears_what_it_asked_for(client: stripe.StripeClient, hook: Hook) -> None:
    endpoint = client.v1.webhook_endpoints.create(
        {"url": hook.url, "enabled_events": ["product.created"]}
    )
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    client.v1.products.create({"name": "Nobody hears of this"})
    client.v1.webhook_endpoints.delete(endpoint.id)

    assert hook.events == []
    assert [found.id for found in client.v1.webhook_endpoints.list().data] == []


def test_events_are_found_by_type(client: stripe.StripeClient, buys: Buys) -> None:
    buys("monthly")

    def types(**wanted: object) -> set[str]:
        params: stripe.params.EventListParams = {"limit": 100, **wanted}  # type: ignore[typeddict-item]
        return {event.type for event in client.v1.events.list(params).data}

    assert types(type="invoice.paid") == {"invoice.paid"}
    assert types(type="customer.*") == {"customer.created", "customer.subscription.created"}
    assert types(types=["invoice.paid", "charge.succeeded"]) == {"invoice.paid", "charge.succeeded"}


def test_an_event_is_gone_after_thirty_days(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    client.v1.products.create({"name": "Old"})
    (event, *_) = client.v1.events.list().data

    sandbox.clock.advance(31 * 24 * 60 * 60)

    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        client.v1.events.retrieve(event.id)


def test_handing_out_while_the_courier_runs_sends_nothing_twice(
    sandbox: Sandbox, hook: Hook
) -> None:
    sandbox.webhook_url = hook.url
    for number in range(20):
        sandbox.account.emit("product.created", {"id": f"prod_{number}", "object": "product"})

    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda _: sandbox.deliver_pending(), range(4)))

    until(lambda: len(hook.events) >= 20)
    time.sleep(0.1)
    assert len({event["id"] for event in hook.events}) == len(hook.events) == 20


def test_stopping_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox() as sandbox:
        requests.get(sandbox.url, timeout=5)
    until(lambda: set(threading.enumerate()) <= before)


def test_what_failed_by_hand_is_not_tried_again_too_early(hook: Hook) -> None:
    hook.answers = [500]
    with Sandbox(webhook_retries=(3600,), webhook_url=hook.url) as sandbox:
        sandbox.webhooks_paused = True
        account = sandbox.account
        first = account.emit("product.created", {"id": "prod_1", "object": "product"})
        assert sandbox.deliver_pending() == 1

        sandbox.webhooks_paused = False
        second = account.emit("product.created", {"id": "prod_2", "object": "product"})

        until(lambda: account.courier.of(second)[0]["state"] == "delivered")
        assert [event["id"] for event in hook.events] == [first, second]
        assert account.courier.of(first)[0]["state"] == "pending"
