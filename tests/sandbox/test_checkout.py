"""Checkout: from the session to the money, as a payer and a shop see it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import BACK, CANCELED, DECLINED, WORKS, Buys, Hook, open_checkout
from tests.support.browser import Elsewhere

DAY = 24 * 60 * 60


def test_ada_subscribes(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    prices: dict[str, str],
    payer: Elsewhere,
    hook: Hook,
) -> None:
    sandbox.webhook_url = hook.url
    ada = client.v1.customers.create({"email": "ada@example.com"})
    session = open_checkout(
        client,
        prices["monthly"],
        customer=ada.id,
        client_reference_id="ref",
        subscription_data={"metadata": {"user_id": "1"}},
    )
    assert session.url

    page = payer.get(session.url)
    assert "Membership" in page.text
    assert "€5.00" in page.text
    assert CANCELED in page.text
    answer = payer.submit(session.url, card=WORKS)

    assert answer.status_code == 303
    assert answer.headers["Location"] == BACK.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert "checkout.session.completed" in hook.types  # before the payer is sent back
    done = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "subscription", "customer"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.client_reference_id, done.amount_total) == ("ref", 500)
    assert done.line_items is not None
    assert done.line_items.data[0].price is not None
    assert done.line_items.data[0].price.id == prices["monthly"]
    subscription = done.subscription
    assert isinstance(subscription, stripe.Subscription)
    assert subscription.status == "active"
    assert subscription.metadata.to_dict() == {"user_id": "1"}
    (item,) = subscription["items"].data
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY


def test_what_was_paid_can_be_followed_from_the_invoice_to_the_charge(
    client: stripe.StripeClient, buys: Buys
) -> None:
    session = buys("yearly")

    (invoice,) = client.v1.invoices.list({"subscription": str(session.subscription)}).data
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        5000,
        "subscription_create",
    )
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.parent.subscription_details.subscription == session.subscription
    (payment,) = client.v1.invoice_payments.list({"invoice": invoice.id}).data
    intent = client.v1.payment_intents.retrieve(
        str(payment.payment.payment_intent), {"expand": ["latest_charge"]}
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.amount == 5000
    back = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    )
    assert [found.invoice for found in back.data] == [invoice.id]


def test_a_declined_card_changes_nothing_and_another_one_works(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url

    answer = payer.submit(session.url, email="ada@example.com", card=DECLINED)

    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    now = client.v1.checkout.sessions.retrieve(session.id)
    assert (now.status, now.subscription) == ("open", None)
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    payer.submit(session.url, email="ada@example.com", card=WORKS)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_a_guest_buys_a_guide(client: stripe.StripeClient, buys: Buys) -> None:
    session = buys("guide", email="guest@example.com", payment_intent_data={"metadata": {"k": "v"}})

    assert (session.mode, session.payment_status, session.customer) == ("payment", "paid", None)
    assert session.customer_details is not None
    assert session.customer_details.email == "guest@example.com"
    intent = client.v1.payment_intents.retrieve(str(session.payment_intent))
    assert (intent.status, intent.metadata.to_dict()) == ("succeeded", {"k": "v"})
    assert client.v1.customers.list().data == []


def test_a_subscriber_without_a_customer_becomes_one(
    client: stripe.StripeClient, buys: Buys
) -> None:
    session = buys("monthly", email="grace@example.com")

    assert client.v1.customers.retrieve(str(session.customer)).email == "grace@example.com"


def test_a_customers_email_is_locked(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"})
    session = open_checkout(client, prices["monthly"], customer=ada.id)
    assert session.url

    assert 'value="ada@example.com" readonly' in payer.get(session.url).text
    payer.submit(session.url, email="eve@example.com", card=WORKS)

    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.customer_details is not None
    assert done.customer_details.email == "ada@example.com"


def test_a_trial_costs_nothing_today(client: stripe.StripeClient, buys: Buys) -> None:
    session = buys("monthly", subscription_data={"trial_period_days": 14})

    assert (session.payment_status, session.amount_total) == ("no_payment_required", 0)
    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["latest_invoice"]}
    )
    assert subscription.status == "trialing"
    assert subscription.trial_end == subscription.created + 14 * DAY
    assert subscription["items"].data[0].current_period_end == subscription.trial_end
    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert (subscription.latest_invoice.status, subscription.latest_invoice.total) == ("paid", 0)
    assert client.v1.charges.list().data == []


def test_paying_ten_times_at_once_pays_once(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url
    url: str = session.url

    def press(_: int) -> int:
        paid = {"email": "ada@example.com", "card": WORKS}
        return requests.post(url, data=paid, allow_redirects=False, timeout=10).status_code

    with ThreadPoolExecutor(10) as people:
        statuses = list(people.map(press, range(10)))

    assert sorted(statuses) == [200] * 9 + [303]
    assert len(client.v1.charges.list().data) == 1
    assert len(client.v1.subscriptions.list().data) == 1


def test_a_paid_page_says_so(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url
    payer.submit(session.url, email="ada@example.com", card=WORKS)

    page = payer.get(session.url)

    assert "Already paid" in page.text
    assert session.id in page.text  # the way on to the shop


def test_a_session_expires_when_told_to_and_after_a_day(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    prices: dict[str, str],
    payer: Elsewhere,
) -> None:
    early, late = open_checkout(client, prices["monthly"]), open_checkout(client, prices["yearly"])
    assert late.url

    client.v1.checkout.sessions.expire(early.id)
    sandbox.clock.advance(DAY)

    assert payer.get(late.url).status_code == 410
    expired = client.v1.checkout.sessions.list({"status": "expired"})
    assert {session.id for session in expired.data} == {early.id, late.id}
    with pytest.raises(stripe.InvalidRequestError, match="Only Checkout Sessions"):
        client.v1.checkout.sessions.expire(early.id)


@pytest.mark.parametrize(
    ("name", "params", "wrong"),
    [
        ("monthly", {"mode": "payment"}, "recurring price"),
        ("guide", {"mode": "subscription"}, "at least one recurring"),
        ("monthly", {"customer": "cus_none"}, "No such customer"),
        ("monthly", {"success_url": "/done"}, "Not a valid URL"),
        ("monthly", {"customer_update": {"name": "auto"}}, "customer_update"),
        (
            "monthly",
            {"payment_intent_data": {"metadata": {}, "description": "x"}},
            "payment_intent",
        ),
        ("monthly", {"subscription_data": {"trial_period_days": 0}}, "greater than or equal to 1"),
        ("monthly", {"client_reference_id": "x" * 201}, "at most 200"),
        ("monthly", {"expires_at": 1}, "at least 30 minutes"),
    ],
)
def test_a_checkout_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    prices: dict[str, str],
    name: str,
    params: dict[str, Any],
    wrong: str,
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=wrong):
        open_checkout(client, prices[name], **params)


def test_an_archived_price_cannot_be_bought(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    client.v1.prices.update(prices["monthly"], {"active": False})

    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        open_checkout(client, prices["monthly"])


def test_sessions_are_found_by_what_they_led_to(client: stripe.StripeClient, buys: Buys) -> None:
    membership, guide = buys("monthly"), buys("guide", email="guest@example.com")

    def found(**wanted: str) -> list[str]:
        params: stripe.params.checkout.SessionListParams = wanted  # type: ignore[assignment]
        return [session.id for session in client.v1.checkout.sessions.list(params).data]

    assert found(subscription=str(membership.subscription)) == [membership.id]
    assert found(payment_intent=str(guide.payment_intent)) == [guide.id]
    assert found(customer=str(membership.customer)) == [membership.id]
    by_email = client.v1.checkout.sessions.list(
        {"customer_details": {"email": "guest@example.com"}}
    )
    assert [session.id for session in by_email.data] == [guide.id]


def test_a_refund_is_whole_or_in_part_and_never_too_much(
    client: stripe.StripeClient, buys: Buys
) -> None:
    intent = str(buys("guide").payment_intent)

    client.v1.refunds.create({"payment_intent": intent, "amount": 900})
    (charge,) = client.v1.charges.list({"payment_intent": intent}).data
    assert (charge.amount_refunded, charge.refunded) == (900, False)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"charge": charge.id, "amount": 2001})
    client.v1.refunds.create({"charge": charge.id})

    charge = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (2900, True)
    assert charge.refunds is not None
    assert [refund.amount for refund in charge.refunds.data] == [2000, 900]
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        client.v1.refunds.create({"charge": charge.id})
