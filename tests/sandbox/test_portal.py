"""The customer portal: what a member does there by themselves, as far as the shop allows it."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import DECLINED, WORKS, Buys, Hook
from tests.support.browser import Elsewhere

RETURN = "http://127.0.0.1:9/account"
DAY = 24 * 60 * 60
CHALLENGED = "4000002760003184"
DECLINES_LATER = "4000000000000341"
REASONS = ["too_expensive", "other"]

OpenPortal = Callable[..., str]


@pytest.fixture
def portal(client: stripe.StripeClient, prices: dict[str, str]) -> OpenPortal:
    """A customer's portal with everything in it; portal("cus_…", flow={…}); its address."""
    product = str(client.v1.prices.retrieve(prices["monthly"]).product)
    features: Any = {
        "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "address"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "cancellation_reason": {"enabled": True, "options": REASONS},
        },
        "subscription_pause": {
            "enabled": True,
            "duration": {
                "type": "interval_options",
                "interval_options": [{"interval": "month", "interval_count": 1}],
            },
        },
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": [{"product": product, "prices": [prices["monthly"], prices["yearly"]]}],
            "proration_behavior": "always_invoice",
        },
    }
    configuration = client.v1.billing_portal.configurations.create({"features": features})

    def open_portal(customer: str, flow: dict[str, Any] | None = None, **changed: Any) -> str:
        change: Any = {"features": changed}
        if changed:
            client.v1.billing_portal.configurations.update(configuration.id, change)
        wanted: Any = {
            "customer": customer,
            "configuration": configuration.id,
            "return_url": RETURN,
            **({"flow_data": flow} if flow else {}),
        }
        return client.v1.billing_portal.sessions.create(wanted).url

    return open_portal


def test_ada_says_why_she_leaves(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))

    payer.submit(url, action=f"{url}/cancel", feedback="too_expensive", comment="Sorry.")

    leaving = client.v1.subscriptions.retrieve(str(session.subscription))
    assert (leaving.cancel_at is not None, leaving.cancel_at_period_end) == (True, False)
    assert leaving.cancellation_details is not None
    assert leaving.cancellation_details.feedback == "too_expensive"
    assert leaving.cancellation_details.comment == "Sorry."
    assert leaving.cancellation_details.reason == "cancellation_requested"


def test_a_reason_that_was_not_offered_is_not_noted(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))

    payer.submit(url, action=f"{url}/cancel", feedback="unused")

    leaving = client.v1.subscriptions.retrieve(str(session.subscription))
    assert leaving.cancellation_details is not None
    assert leaving.cancellation_details.feedback is None


def test_ada_changes_to_the_yearly_plan_and_pays_the_difference_at_once(
    client: stripe.StripeClient,
    prices: dict[str, str],
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))

    page = payer.get(url).text
    payer.submit(url, action=f"{url}/switch", price=prices["yearly"])

    assert prices["monthly"] not in page  # her own plan is not offered
    subscription = client.v1.subscriptions.retrieve(str(session.subscription))
    (item,) = subscription["items"].data
    assert item.price.id == prices["yearly"]
    assert item.current_period_end - item.current_period_start >= 365 * DAY
    newest, _ = client.v1.invoices.list({"subscription": subscription.id}).data
    assert (newest.billing_reason, newest.status) == ("subscription_update", "paid")
    assert newest.amount_paid == pytest.approx(4500, abs=1)


@pytest.mark.parametrize(
    ("behavior", "status", "paid"),
    [("end_trial", "active", 5000), ("continue_trial", "trialing", 0)],
)
def test_a_change_of_plan_ends_a_trial_or_lets_it_go_on(
    client: stripe.StripeClient,
    prices: dict[str, str],
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
    behavior: str,
    status: str,
    paid: int,
) -> None:
    session = buys("monthly", subscription_data={"trial_period_days": 14})
    update = {"enabled": True, "trial_update_behavior": behavior}
    url = portal(str(session.customer), subscription_update=update)

    payer.submit(url, action=f"{url}/switch", price=prices["yearly"])

    subscription = client.v1.subscriptions.retrieve(str(session.subscription))
    assert subscription.status == status
    assert subscription["items"].data[0].price.id == prices["yearly"]
    assert sum(charge.amount for charge in client.v1.charges.list().data) == paid


def test_only_plans_that_are_offered_can_be_chosen(
    client: stripe.StripeClient,
    prices: dict[str, str],
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
) -> None:
    session = buys("monthly")
    secret = client.v1.prices.create(
        {
            "currency": "eur",
            "unit_amount": 1,
            "recurring": {"interval": "month"},
            "product_data": {"name": "For friends"},
        }
    )
    url = portal(str(session.customer))

    forged = {"subscription": str(session.subscription), "price": secret.id}
    answer = payer.session.post(f"{url}/switch", data=forged, timeout=20)

    assert answer.status_code == 422
    subscription = client.v1.subscriptions.retrieve(str(session.subscription))
    assert subscription["items"].data[0].price.id == prices["monthly"]


def test_ada_pauses_and_it_goes_on_by_itself(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
    hook: Hook,
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))
    sandbox.webhook_url = hook.url

    payer.submit(url, action=f"{url}/pause", length="1 month")

    paused = client.v1.subscriptions.retrieve(str(session.subscription))
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert "It goes on by itself on" in payer.get(url).text
    sandbox.clock.advance(32 * DAY)
    assert client.v1.subscriptions.retrieve(paused.id).status == "active"
    sandbox.deliver_pending()
    assert "customer.subscription.paused" in hook.types
    assert "customer.subscription.resumed" in hook.types


def test_ada_comes_back_before_her_pause_is_over(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))
    payer.submit(url, action=f"{url}/pause", length="1 month")

    payer.submit(url, action=f"{url}/unpause")

    assert client.v1.subscriptions.retrieve(str(session.subscription)).status == "active"
    invoices = len(client.v1.invoices.list().data)
    sandbox.clock.advance(20 * DAY)
    assert len(client.v1.invoices.list().data) == invoices


def test_the_end_of_an_earlier_pause_does_not_end_a_later_one(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))
    payer.submit(url, action=f"{url}/pause", length="1 month")
    subscription = str(session.subscription)
    sandbox.clock.advance(DAY)
    client.v1.subscriptions.resume(subscription)
    sandbox.clock.advance(DAY)

    client.v1.subscriptions.pause(subscription)

    assert "It goes on by itself on" not in payer.get(portal(str(session.customer))).text
    sandbox.clock.advance(60 * DAY)
    assert client.v1.subscriptions.retrieve(subscription).status == "paused"


def test_a_pause_of_another_length_is_refused(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly")
    url = portal(str(session.customer))

    forged = {"subscription": str(session.subscription), "length": "900 years"}
    answer = payer.session.post(f"{url}/pause", data=forged, timeout=20)

    assert answer.status_code == 422
    assert client.v1.subscriptions.retrieve(str(session.subscription)).status == "active"


def test_a_new_card_is_charged_from_now_on(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly", card=DECLINES_LATER)
    url = portal(str(session.customer))
    assert "ends in 0341" in payer.get(url).text

    declined = payer.submit(url, action=f"{url}/card", card=DECLINED)
    payer.submit(url, action=f"{url}/card", card=WORKS)

    assert declined.status_code == 402
    assert "Your card was declined." in declined.text
    assert "ends in 4242" in payer.get(url).text
    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["default_payment_method"]}
    )
    method = subscription.default_payment_method
    assert isinstance(method, stripe.PaymentMethod)
    assert method.card is not None
    assert method.card.last4 == "4242"


def test_details_change_as_far_as_they_may(
    client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    customer = str(buys("monthly").customer)
    url = portal(customer, customer_update={"enabled": True, "allowed_updates": ["name"]})

    payer.session.post(
        f"{url}/details", data={"name": "Ada", "email": "eve@example.com"}, timeout=20
    )

    now = client.v1.customers.retrieve(customer)
    assert (now.name, now.email) == ("Ada", "ada@example.com")


@pytest.mark.parametrize(
    ("feature", "act"),
    [
        ("subscription_cancel", "cancel"),
        ("subscription_update", "switch"),
        ("subscription_pause", "pause"),
        ("payment_method_update", "card"),
        ("customer_update", "details"),
    ],
)
def test_what_is_switched_off_is_not_there_and_cannot_be_done(
    client: stripe.StripeClient,
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
    feature: str,
    act: str,
) -> None:
    session = buys("monthly")
    before = client.v1.subscriptions.retrieve(str(session.subscription))
    url = portal(str(session.customer), **{feature: {"enabled": False}})

    page = payer.get(url).text
    forged = {"subscription": before.id, "card": WORKS, "length": "1 month", "name": "Eve"}
    answer = payer.session.post(f"{url}/{act}", data=forged, timeout=20)

    assert f'/{act}"' not in page
    assert answer.status_code == 403
    assert client.v1.subscriptions.retrieve(before.id) == before


def test_an_open_invoice_is_paid_by_hand(
    sandbox: Sandbox, client: stripe.StripeClient, buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    session = buys("monthly", card=DECLINES_LATER)
    sandbox.clock.advance(32 * DAY)
    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["latest_invoice"]}
    )
    assert subscription.status == "past_due"
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    page = str(invoice.hosted_invoice_url)
    assert "The last payment failed." in payer.get(portal(str(session.customer))).text

    assert "Membership (at €5.00 / month)" in payer.get(page).text

    refused = payer.submit(page, card=DECLINED)
    payer.submit(page, card=CHALLENGED)
    assert "Your bank asks" in payer.get(page).text
    failed = payer.submit(page, answer="fail")
    payer.submit(page, card=CHALLENGED)
    payer.submit(page, answer="complete")

    assert (refused.status_code, failed.status_code) == (402, 402)
    assert client.v1.invoices.retrieve(str(invoice.id)).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert "<form" not in payer.get(page).text
    attached = len(client.v1.events.list({"type": "payment_method.attached"}).data)
    again = payer.session.post(page, data={"card": WORKS}, allow_redirects=False, timeout=20)
    assert len(client.v1.events.list({"type": "payment_method.attached"}).data) == attached
    assert again.status_code == 303
    assert len([c for c in client.v1.charges.list().data if c.paid]) == 2


@pytest.mark.parametrize(
    ("kind", "act", "typed"),
    [
        ("payment_method_update", "card", {"card": WORKS}),
        ("subscription_cancel", "cancel", {}),
        ("subscription_pause", "pause", {}),
        ("subscription_update", "switch", {}),
        ("customer_update", "details", {"name": "Ada"}),
    ],
)
def test_a_flow_opens_one_task_and_leads_back_when_it_is_done(
    client: stripe.StripeClient,
    buys: Buys,
    portal: OpenPortal,
    payer: Elsewhere,
    kind: str,
    act: str,
    typed: dict[str, Any],
) -> None:
    session = buys("monthly")
    back = f"{RETURN}?done=1"
    flow: dict[str, Any] = {
        "type": kind,
        "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
    }
    if kind.startswith("subscription"):
        flow[kind] = {"subscription": str(session.subscription)}
    url = portal(str(session.customer), flow)

    page = payer.get(url).text
    answer = payer.submit(url, **typed)  # the one form on the page

    assert page.count("<form") == 1
    assert f"/{act}" in page
    assert (answer.status_code, answer.headers["Location"]) == (303, back)


def test_a_flow_may_end_with_a_word_or_in_the_portal(
    buys: Buys, portal: OpenPortal, payer: Elsewhere
) -> None:
    customer = str(buys("monthly").customer)
    word = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "All set."}}
    told = portal(customer, {"type": "payment_method_update", "after_completion": word})
    home = portal(customer, {"type": "payment_method_update"})

    assert "All set." in payer.submit(told, card=WORKS).text
    assert payer.submit(home, card=WORKS).headers["Location"].endswith("/home")


@pytest.mark.parametrize(
    ("flow", "wrong"),
    [
        ({"type": "subscription_cancel"}, "subscription_cancel"),
        (
            {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}},
            "No such subscription",
        ),
        (
            {"type": "subscription_cancel", "subscription_cancel": {"subscription": "EVES"}},
            "No such subscription",
        ),
        (
            {"type": "subscription_cancel", "subscription_cancel": {"subscription": "LEAVING"}},
            "already set to be canceled",
        ),
        (
            {"type": "payment_method_update", "after_completion": {"type": "redirect"}},
            "redirect",
        ),
        ({"type": "dance"}, "must be one of"),
    ],
)
def test_a_flow_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    buys: Buys,
    portal: OpenPortal,
    flow: dict[str, Any],
    wrong: str,
) -> None:
    ada, eve = buys("monthly"), buys("monthly", email="eve@example.com")
    names = {"EVES": str(eve.subscription), "LEAVING": str(ada.subscription)}
    client.v1.subscriptions.update(str(ada.subscription), {"cancel_at_period_end": True})
    about = flow.get("subscription_cancel")
    if about:
        named = names.get(about["subscription"], about["subscription"])
        flow = {**flow, "subscription_cancel": {"subscription": named}}

    with pytest.raises(stripe.InvalidRequestError, match=wrong):
        portal(str(ada.customer), flow)


def test_a_flow_needs_its_feature(buys: Buys, portal: OpenPortal) -> None:
    customer = str(buys("monthly").customer)

    with pytest.raises(stripe.InvalidRequestError, match="payment_method_update"):
        portal(
            customer,
            {"type": "payment_method_update"},
            payment_method_update={"enabled": False},
        )


@pytest.mark.parametrize(
    ("update", "wrong"),
    [
        ({"enabled": True}, "default_allowed_updates"),
        ({"products": [{"product": "prod_none", "prices": ["price_none"]}]}, "No such product"),
        ({"products": [{"product": "OURS", "prices": ["GUIDE"]}]}, "no recurring price"),
        ({"products": [{"product": "OURS", "prices": ["MONTHLY", "MONTHLY"]}]}, "multiple prices"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    client: stripe.StripeClient, prices: dict[str, str], update: dict[str, Any], wrong: str
) -> None:
    names = {
        "OURS": str(client.v1.prices.retrieve(prices["monthly"]).product),
        "GUIDE": prices["guide"],
        "MONTHLY": prices["monthly"],
    }
    products = [
        {
            "product": names.get(each["product"], each["product"]),
            "prices": [names.get(price, price) for price in each["prices"]],
        }
        for each in update.get("products", [])
    ]
    features: Any = {
        "subscription_update": {
            "enabled": True,
            **({"default_allowed_updates": ["price"], "products": products} if products else {}),
        }
    }

    with pytest.raises(stripe.InvalidRequestError, match=wrong):
        client.v1.billing_portal.configurations.create({"features": features})
