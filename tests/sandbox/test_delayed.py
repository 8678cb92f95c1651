"""Debits that take days: complete at once, paid or failed three days later."""

from pathlib import Path

import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import Buys, Hook, open_checkout
from tests.support.browser import Elsewhere

DAY = 24 * 60 * 60
PAYS = "DE89370400440532013000"
FAILS = "DE62370400440532013001"


def types(hook: Hook, sandbox: Sandbox) -> list[str]:
    sandbox.deliver_pending()
    return hook.types


def test_a_guide_by_debit_is_paid_three_days_later(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, hook: Hook
) -> None:
    session = buys("guide", card=PAYS)
    sandbox.webhook_url = hook.url

    assert (session.status, session.payment_status) == ("complete", "unpaid")
    intent = client.v1.payment_intents.retrieve(str(session.payment_intent))
    assert intent.status == "processing"
    sandbox.clock.advance(3 * DAY - 10)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"

    sandbox.clock.advance(20)

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    (charge,) = client.v1.charges.list().data
    assert (charge.status, charge.paid) == ("succeeded", True)
    assert client.v1.payment_intents.retrieve(intent.id).amount_received == 2900
    assert types(hook, sandbox) == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_guide_by_debit_may_never_be_paid(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, hook: Hook
) -> None:
    session = buys("guide", card=FAILS)
    sandbox.webhook_url = hook.url

    sandbox.clock.advance(4 * DAY)

    now = client.v1.checkout.sessions.retrieve(session.id)
    assert (now.status, now.payment_status) == ("complete", "unpaid")
    (charge,) = client.v1.charges.list().data
    assert (charge.status, charge.paid, charge.receipt_url) == ("failed", False, None)
    intent = client.v1.payment_intents.retrieve(str(session.payment_intent))
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert types(hook, sandbox) == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]


def test_a_subscription_by_debit_is_active_at_once_and_its_invoice_paid_later(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys
) -> None:
    session = buys("monthly", card=PAYS)

    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["latest_invoice"]}
    )
    assert (session.payment_status, subscription.status) == ("unpaid", "active")
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.status, invoice.amount_paid, invoice.amount_remaining) == ("open", 0, 500)

    sandbox.clock.advance(3 * DAY)

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    paid = client.v1.invoices.retrieve(str(invoice.id))
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 500, 0)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_subscription_whose_first_debit_fails_does_not_stay_active(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, hook: Hook
) -> None:
    session = buys("monthly", card=FAILS)
    sandbox.webhook_url = hook.url

    sandbox.clock.advance(3 * DAY)

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    (invoice,) = client.v1.invoices.list({"subscription": str(session.subscription)}).data
    assert invoice.amount_paid == 0
    assert client.v1.subscriptions.retrieve(str(session.subscription)).status != "active"
    told = types(hook, sandbox)
    assert "invoice.payment_failed" in told
    assert told[-1] == "checkout.session.async_payment_failed"
    assert "invoice.paid" not in told


def test_a_restart_loses_no_debit(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys
) -> None:
    """What is due is read off the documents, and never kept in a timer."""
    session = buys("guide", card=PAYS)
    buys("guide", card=FAILS, email="grace@example.com")

    sandbox.clock.advance(30 * DAY)

    statuses = {charge.status for charge in client.v1.charges.list().data}
    assert statuses == {"succeeded", "failed"}
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_restart_loses_neither_a_debit_nor_a_session(tmp_path: Path, payer: Elsewhere) -> None:
    """What is due is read off the documents, and never kept in a timer."""
    state = tmp_path / "sandbox.db"
    with Sandbox(state=state) as before:
        price = before.seed()["guide"]["id"]
        client = at(before)
        paid, left = (open_checkout(client, price, recurring=False) for _ in range(2))
        assert paid.url
        payer.submit(paid.url, email="ada@example.com", card=PAYS)

    with Sandbox(state=state) as after:
        after.clock.advance(3 * DAY)

        assert at(after).v1.checkout.sessions.retrieve(paid.id).payment_status == "paid"
        assert after.account.all("checkout.session", id=left.id)[0]["status"] == "expired"


def test_a_debit_goes_by_its_customers_test_clock(
    sandbox: Sandbox, client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    start = sandbox.clock.now() - 400 * DAY
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": start})
    ada = client.v1.customers.create({"email": "ada@example.com", "test_clock": clock.id})
    session = open_checkout(client, prices["monthly"], customer=ada.id)
    left = open_checkout(client, prices["yearly"], customer=ada.id)
    assert session.url

    sandbox.clock.advance(3 * DAY)  # not hers
    payer.submit(session.url, card=PAYS)
    waits = client.v1.checkout.sessions.retrieve(session.id)
    still_open = client.v1.checkout.sessions.retrieve(left.id).status
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": start + 4 * DAY})

    assert (waits.status, waits.payment_status, still_open) == ("complete", "unpaid", "open")
    subscription = client.v1.subscriptions.retrieve(str(waits.subscription))
    assert subscription.created == start
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert client.v1.checkout.sessions.retrieve(left.id).status == "expired"


def at(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.stripe_base})
