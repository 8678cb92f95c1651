"""Checkout: from the session to the money, as a payer and a shop see it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import BACK, CANCELED, DECLINED, WORKS, Buys, Hook, open_checkout
from tests.support.browser import Elsewhere
from tests.support.forms import form_on

CHALLENGED = "4000002500003155"
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


def test_a_bank_asks_before_it_pays(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url

    asked = payer.submit(session.url, email="ada@example.com", card=CHALLENGED)
    waits = client.v1.checkout.sessions.retrieve(session.id)
    page = urljoin(session.url, asked.headers["Location"])
    failed = payer.submit(page, answer="fail")

    assert (asked.status_code, failed.status_code) == (303, 402)
    assert "could not authenticate" in failed.text
    assert (waits.status, waits.subscription) == ("open", None)
    assert client.v1.charges.list().data == []
    (intent,) = client.v1.payment_intents.list().data
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"

    too_late = payer.session.post(page, data={"answer": "complete"}, timeout=20)
    assert too_late.status_code == 402
    assert client.v1.charges.list().data == []

    payer.submit(session.url, email="ada@example.com", card=CHALLENGED)
    done = payer.submit(page, answer="complete")

    assert done.headers["Location"] == BACK.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert len(client.v1.charges.list().data) == 1


def test_who_failed_the_banks_question_pays_with_another_card_on_that_same_page(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"])
    assert session.url
    asked = payer.submit(session.url, email="ada@example.com", card=CHALLENGED)
    bank = urljoin(session.url, asked.headers["Location"])
    failed = payer.submit(bank, answer="fail")

    form = form_on(failed.text, path=bank)
    typed = form.filled({"act": "pay", "email": "ada@example.com", "card": WORKS})
    there = urljoin(bank, form.action)
    done = payer.session.post(there, data=typed, allow_redirects=False, timeout=20)

    assert done.headers["Location"] == BACK.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_banks_question_is_answered_once(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["guide"], recurring=False)
    assert session.url
    page = f"{session.url}/authenticate"
    before = payer.session.post(page, data={"answer": "complete"}, timeout=20)
    payer.submit(session.url, email="ada@example.com", card=CHALLENGED)

    def press(_: int) -> int:
        answer = {"answer": "complete"}
        return requests.post(page, data=answer, allow_redirects=False, timeout=10).status_code

    with ThreadPoolExecutor(5) as people:
        statuses = list(people.map(press, range(5)))

    assert before.status_code == 402
    assert statuses.count(303) == 1
    assert len(client.v1.charges.list().data) == 1


def test_a_trial_with_a_card_that_is_asked_about_makes_no_payment(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"], subscription_data={"trial_period_days": 7})
    assert session.url

    payer.submit(session.url, email="ada@example.com", card=CHALLENGED)
    payer.submit(f"{session.url}/authenticate", answer="complete")

    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"
    assert client.v1.payment_intents.list().data == []


def test_a_card_with_too_little_on_it_is_told_apart(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["guide"], recurring=False)
    assert session.url

    answer = payer.submit(session.url, email="ada@example.com", card="4000 0000 0000 9995")

    assert "insufficient funds" in answer.text
    (intent,) = client.v1.payment_intents.list().data
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == "insufficient_funds"


def test_debits_are_for_euros_alone(client: stripe.StripeClient, payer: Elsewhere) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 500, "product_data": {"name": "A map"}}
    )
    session = open_checkout(client, price.id, recurring=False)
    assert session.url

    forged = payer.submit(session.url, email="a@example.com", card="DE89370400440532013000")

    assert "SEPA" not in payer.get(session.url).text
    assert forged.status_code == 422


def test_a_trial_may_begin_without_a_card(client: stripe.StripeClient, buys: Buys) -> None:
    session = buys(
        "monthly",
        card=None,
        payment_method_collection="if_required",
        subscription_data={
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
        },
    )

    assert (session.status, session.payment_status) == ("complete", "no_payment_required")
    subscription = client.v1.subscriptions.retrieve(str(session.subscription))
    assert (subscription.status, subscription.default_payment_method) == ("trialing", None)
    assert subscription.trial_settings is not None
    assert subscription.trial_settings.end_behavior.missing_payment_method == "pause"


def test_what_costs_something_now_needs_a_card_whatever_was_asked(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"], payment_method_collection="if_required")
    assert session.url

    answer = payer.session.post(session.url, data={"email": "a@example.com"}, timeout=20)

    assert answer.status_code == 422
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_terms_must_be_agreed_to(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(
        client, prices["monthly"], consent_collection={"terms_of_service": "required"}
    )
    assert session.url

    refused = payer.submit(session.url, email="ada@example.com", card=WORKS)
    agreed = payer.submit(
        session.url, email="ada@example.com", card=WORKS, terms_of_service="accepted"
    )

    assert (refused.status_code, agreed.status_code) == (422, 303)
    assert 'aria-describedby="terms_of_service-problem"' in refused.text
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.consent is not None
    assert done.consent.terms_of_service == "accepted"


def test_tax_needs_an_address_and_may_note_it_when_told_so(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"}).id
    taxed: dict[str, Any] = {"customer": ada, "automatic_tax": {"enabled": True}}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_checkout(client, prices["monthly"], **taxed)
    session = open_checkout(
        client, prices["monthly"], customer_update={"address": "auto", "name": "auto"}, **taxed
    )
    assert session.url
    payer.submit(session.url, card=WORKS, country="FR", name="Ada Lovelace")

    assert refused.value.code == "customer_tax_location_invalid"
    assert session.automatic_tax.status == "requires_location_inputs"
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert done.automatic_tax.status == "complete"
    assert isinstance(done.invoice, stripe.Invoice)
    assert done.invoice.automatic_tax.enabled
    customer = client.v1.customers.retrieve(ada)
    assert customer.address is not None
    assert (customer.address.country, customer.name) == ("FR", "Ada Lovelace")
    again = open_checkout(client, prices["yearly"], **taxed)  # the address is known now
    assert again.automatic_tax.status == "complete"


def test_an_address_that_is_required_is_asked_for(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    session = open_checkout(client, prices["monthly"], billing_address_collection="required")
    assert session.url

    refused = payer.submit(session.url, email="ada@example.com", card=WORKS, city="Bonn")
    payer.submit(
        session.url,
        email="ada@example.com",
        card=WORKS,
        line1="Am Hof 1",
        postal_code="53111",
        city="Bonn",
    )

    assert refused.status_code == 422
    assert 'value="Bonn"' in refused.text  # what was typed is still there
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert done.customer_details is not None
    assert done.customer_details.address is not None
    assert done.customer_details.address.postal_code == "53111"


def test_a_customer_without_an_email_gets_the_one_that_was_typed(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    unnamed = client.v1.customers.create({}).id
    session = open_checkout(client, prices["monthly"], customer=unnamed)
    assert session.url

    payer.submit(session.url, email="ada@example.com", card=WORKS)

    assert client.v1.customers.retrieve(unnamed).email == "ada@example.com"
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.customer, done.customer_email) == (unnamed, None)


def test_what_a_payer_types_changes_no_customer_unasked(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com", "name": "Ada"}).id
    session = open_checkout(client, prices["monthly"], customer=ada)
    assert session.url

    payer.submit(session.url, card=WORKS, name="Somebody Else")

    customer = client.v1.customers.retrieve(ada)
    assert (customer.name, customer.address) == ("Ada", None)


def test_three_seats_cost_three_times_as_much(client: stripe.StripeClient, buys: Buys) -> None:
    price = client.v1.prices.list({"lookup_keys": ["monthly"]}).data[0].id

    session = buys("monthly", line_items=[{"price": price, "quantity": 3}])

    assert session.amount_total == 1500
    subscription = client.v1.subscriptions.retrieve(str(session.subscription))
    assert subscription["items"].data[0].quantity == 3
    (charge,) = client.v1.charges.list().data
    assert charge.amount == 1500


def test_who_let_a_checkout_lapse_can_go_on_with_another(
    sandbox: Sandbox, client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    recovery: Any = {"recovery": {"enabled": True, "allow_promotion_codes": True}}
    session = open_checkout(client, prices["monthly"], after_expiration=recovery)
    sandbox.clock.advance(DAY)

    lapsed = client.v1.checkout.sessions.retrieve(session.id)
    assert lapsed.after_expiration is not None
    assert lapsed.after_expiration.recovery is not None
    url = str(lapsed.after_expiration.recovery.url)
    answer = payer.session.get(url, allow_redirects=False, timeout=20)
    payer.submit(answer.headers["Location"], email="ada@example.com", card=WORKS)

    newest = client.v1.checkout.sessions.list().data[0]
    assert (newest.recovered_from, newest.status) == (session.id, "complete")
    assert newest.allow_promotion_codes
    sandbox.clock.advance(30 * DAY)
    assert payer.get(url).status_code == 410


def test_a_lapsed_checkout_is_announced_when_its_time_comes(
    sandbox: Sandbox, client: stripe.StripeClient, prices: dict[str, str], hook: Hook
) -> None:
    session = open_checkout(client, prices["monthly"])
    sandbox.webhook_url = hook.url

    sandbox.clock.advance(2 * DAY)

    sandbox.deliver_pending()
    assert hook.types == ["checkout.session.expired"]
    assert hook.events[0]["created"] == session.expires_at
