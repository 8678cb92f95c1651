"""Coupons, and the codes people type to redeem them."""

from typing import Any

import pytest
import stripe

from sandbox.server import Sandbox
from tests.sandbox.shop import WORKS, Buys, open_checkout
from tests.support.browser import Elsewhere

DAY = 24 * 60 * 60


@pytest.fixture
def half(client: stripe.StripeClient) -> stripe.Coupon:
    return client.v1.coupons.create({"percent_off": 50, "duration": "once", "name": "Half"})


def code_for(
    client: stripe.StripeClient, coupon: stripe.Coupon, code: str = "WELCOME", **more: Any
) -> stripe.PromotionCode:
    wanted: Any = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": code, **more}
    return client.v1.promotion_codes.create(wanted)


def test_ada_types_a_code_sees_the_new_price_and_pays_it(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, half: stripe.Coupon
) -> None:
    promotion = code_for(client, half)
    session = open_checkout(client, prices["monthly"], allow_promotion_codes=True)
    assert session.url

    answer = payer.submit(session.url, promotion_code="welcome", act="apply")
    page = payer.get(answer.headers["Location"] and session.url)
    payer.submit(session.url, email="ada@example.com", card=WORKS)

    assert "Code WELCOME is applied." in page.text
    assert "Subscribe for €2.50" in page.text
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert (done.amount_subtotal, done.amount_total, done.payment_status) == (500, 250, "paid")
    assert done.total_details is not None
    assert done.total_details.amount_discount == 250
    assert done.discounts is not None
    assert done.discounts[0].promotion_code == promotion.id
    assert done.line_items is not None
    assert done.line_items.data[0].amount_discount == 250
    assert client.v1.promotion_codes.retrieve(promotion.id).times_redeemed == 1
    assert client.v1.coupons.retrieve(half.id).times_redeemed == 1


def test_what_was_taken_off_is_on_the_invoice_and_on_the_charge(
    client: stripe.StripeClient, buys: Buys, half: stripe.Coupon
) -> None:
    session = buys("monthly", discounts=[{"coupon": half.id}])

    (invoice,) = client.v1.invoices.list({"subscription": str(session.subscription)}).data
    assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (500, 250, 250)
    assert invoice.total_discount_amounts is not None
    assert [each.amount for each in invoice.total_discount_amounts] == [250]
    (charge,) = client.v1.charges.list().data
    assert charge.amount == 250


def test_a_code_typed_and_not_applied_counts_when_she_pays(
    client: stripe.StripeClient, buys: Buys, half: stripe.Coupon
) -> None:
    code_for(client, half)

    session = buys("guide", allow_promotion_codes=True, promotion_code="WELCOME")

    assert (session.status, session.amount_total) == ("complete", 1450)


def test_a_code_can_be_taken_off_again(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, half: stripe.Coupon
) -> None:
    code_for(client, half)
    session = open_checkout(client, prices["monthly"], allow_promotion_codes=True)
    assert session.url
    payer.submit(session.url, promotion_code="WELCOME", act="apply")

    payer.submit(session.url, act="remove")

    now = client.v1.checkout.sessions.retrieve(session.id)
    assert (now.amount_total, now.discounts) == (500, [])


@pytest.mark.parametrize(
    ("more", "typed", "told"),
    [
        ({}, "NOTHING", "This code is invalid."),
        ({"active": False}, "WELCOME", "This code is invalid."),
        ({"max_redemptions": 1}, "WELCOME", "This code is invalid."),
        ({"customer": "another"}, "WELCOME", "This code is invalid."),
        (
            {"restrictions": {"first_time_transaction": True}},
            "WELCOME",
            "This code is for a first payment only.",
        ),
        (
            {"restrictions": {"minimum_amount": 501, "minimum_amount_currency": "eur"}},
            "WELCOME",
            "This code needs an order of at least €5.01.",
        ),
        (
            {"restrictions": {"minimum_amount": 1, "minimum_amount_currency": "usd"}},
            "WELCOME",
            "This code needs an order of at least $0.01.",
        ),
    ],
)
def test_a_code_that_does_not_count_is_refused_and_nothing_is_charged(
    client: stripe.StripeClient,
    prices: dict[str, str],
    buys: Buys,
    payer: Elsewhere,
    half: stripe.Coupon,
    more: dict[str, Any],
    typed: str,
    told: str,
) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"}).id
    buys("monthly", customer=ada)
    if "customer" in more:
        more = {"customer": client.v1.customers.create({"email": "grace@example.com"}).id}
    promotion = code_for(client, half, **more)
    if "max_redemptions" in more:
        buys("monthly", discounts=[{"promotion_code": promotion.id}], email="grace@example.com")
    paid = len(client.v1.charges.list().data)
    session = open_checkout(client, prices["monthly"], allow_promotion_codes=True, customer=ada)
    assert session.url

    answer = payer.submit(session.url, promotion_code=typed, card=WORKS)

    assert answer.status_code == 422
    assert told in answer.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert len(client.v1.charges.list().data) == paid


def test_a_code_for_a_first_payment_counts_once_for_a_customer_and_never_for_a_guest(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, half: stripe.Coupon
) -> None:
    code_for(client, half, restrictions={"first_time_transaction": True})
    ada = client.v1.customers.create({"email": "ada@example.com"}).id
    hers = open_checkout(client, prices["monthly"], allow_promotion_codes=True, customer=ada)
    a_guests = open_checkout(client, prices["guide"], recurring=False, allow_promotion_codes=True)
    assert hers.url
    assert a_guests.url

    taken = payer.submit(hers.url, promotion_code="WELCOME", card=WORKS)
    refused = payer.submit(a_guests.url, promotion_code="WELCOME", card=WORKS, email="g@x.org")

    assert (taken.status_code, refused.status_code) == (303, 422)


def test_a_code_that_ran_out_meanwhile_is_taken_off_before_anything_is_charged(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, half: stripe.Coupon
) -> None:
    promotion = code_for(client, half)
    session = open_checkout(client, prices["monthly"], allow_promotion_codes=True)
    assert session.url
    payer.submit(session.url, promotion_code="WELCOME", act="apply")
    client.v1.promotion_codes.update(promotion.id, {"active": False})

    answer = payer.submit(session.url, email="ada@example.com", card=WORKS)

    assert answer.status_code == 422
    assert "Look at the new total." in answer.text
    assert "Subscribe for €5.00" in answer.text
    assert client.v1.charges.list().data == []


def test_a_page_without_codes_has_no_place_to_type_one(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere, half: stripe.Coupon
) -> None:
    code_for(client, half)
    session = open_checkout(client, prices["monthly"])
    assert session.url

    page = payer.get(session.url)
    forged = payer.session.post(
        session.url,
        data={"promotion_code": "WELCOME", "email": "ada@example.com", "card": WORKS},
        allow_redirects=False,
        timeout=20,
    )

    assert "promotion_code" not in page.text
    assert forged.status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).amount_total == 500


def test_nothing_to_pay_needs_no_card_and_makes_no_payment(
    client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere
) -> None:
    free = client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = open_checkout(
        client, prices["guide"], recurring=False, discounts=[{"coupon": free.id}]
    )
    assert session.url

    page = payer.get(session.url)
    payer.submit(session.url, email="ada@example.com")

    assert "no card is needed" in page.text
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert (done.amount_total, done.payment_intent) == (0, None)
    assert client.v1.charges.list().data == []


def test_a_free_subscription_begins_without_a_payment(
    client: stripe.StripeClient, buys: Buys
) -> None:
    free = client.v1.coupons.create({"percent_off": 100, "duration": "forever"})

    session = buys("monthly", discounts=[{"coupon": free.id}])

    assert session.payment_status == "no_payment_required"
    subscription = client.v1.subscriptions.retrieve(
        str(session.subscription), {"expand": ["discounts.source.coupon"]}
    )
    assert subscription.status == "active"
    (discount,) = subscription.discounts
    assert isinstance(discount, stripe.Discount)
    assert isinstance(discount.source.coupon, stripe.Coupon)
    assert discount.source.coupon.percent_off == 100


def test_once_is_over_after_the_first_invoice_and_waits_for_the_end_of_a_trial(
    client: stripe.StripeClient, buys: Buys, half: stripe.Coupon
) -> None:
    paid = buys("monthly", discounts=[{"coupon": half.id}])
    trial = buys(
        "monthly",
        discounts=[{"coupon": half.id}],
        subscription_data={"trial_period_days": 7},
        email="grace@example.com",
    )

    assert client.v1.subscriptions.retrieve(str(paid.subscription)).discounts == []
    assert len(client.v1.subscriptions.retrieve(str(trial.subscription)).discounts) == 1


def test_an_amount_is_taken_off_only_what_the_coupon_is_for(
    client: stripe.StripeClient, prices: dict[str, str], buys: Buys
) -> None:
    guide = client.v1.prices.retrieve(prices["guide"]).product
    coupon = client.v1.coupons.create(
        {"amount_off": 3000, "currency": "eur", "applies_to": {"products": [str(guide)]}}
    )

    session = buys("guide", discounts=[{"coupon": coupon.id}], card=None)
    map_ = client.v1.prices.create(
        {"currency": "eur", "unit_amount": 700, "product_data": {"name": "A map"}}
    )
    both = buys(
        "guide",
        line_items=[{"price": prices["guide"], "quantity": 1}, {"price": map_.id, "quantity": 2}],
        discounts=[{"coupon": coupon.id}],
    )

    assert session.amount_total == 0  # never less
    assert both.amount_total == 1400  # the maps cost what they cost
    with pytest.raises(stripe.InvalidRequestError, match="not for what is in this order"):
        open_checkout(client, prices["monthly"], discounts=[{"coupon": coupon.id}])


def test_time_ends_a_coupon_and_a_code(
    sandbox: Sandbox, client: stripe.StripeClient, half: stripe.Coupon
) -> None:
    soon = sandbox.clock.now() + DAY
    brief = client.v1.coupons.create({"percent_off": 10, "redeem_by": soon})
    code = code_for(client, half, expires_at=soon)

    sandbox.clock.advance(DAY)

    assert client.v1.coupons.retrieve(brief.id).valid is False
    assert client.v1.promotion_codes.retrieve(code.id).active is False
    assert client.v1.promotion_codes.list({"active": True}).data == []


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({}, "either `percent_off` or `amount_off`"),
        ({"percent_off": 10, "amount_off": 5, "currency": "eur"}, "either `percent_off`"),
        ({"amount_off": 5}, "currency"),
        ({"percent_off": 101}, "at most 100"),
        ({"percent_off": 0}, "greater than 0"),
        ({"percent_off": "ten"}, "Invalid decimal"),
        ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 10, "duration_in_months": 2}, "duration_in_months"),
        ({"percent_off": 10, "redeem_by": 1}, "in the future"),
        ({"percent_off": 10, "applies_to": {"products": ["prod_none"]}}, "No such product"),
        ({"percent_off": 10, "id": "TAKEN"}, "already exists"),
    ],
)
def test_a_coupon_that_cannot_be_is_refused(
    client: stripe.StripeClient, params: dict[str, Any], wrong: str
) -> None:
    client.v1.coupons.create({"percent_off": 5, "id": "TAKEN"})
    wanted: Any = params

    with pytest.raises(stripe.InvalidRequestError, match=wrong):
        client.v1.coupons.create(wanted)


def test_a_code_names_one_coupon_at_a_time(
    client: stripe.StripeClient, half: stripe.Coupon
) -> None:
    first = code_for(client, half, "Welcome")

    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code_for(client, half, "WELCOME")
    client.v1.promotion_codes.update(first.id, {"active": False})
    code_for(client, half, "WELCOME")
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.update(first.id, {"active": True})


def test_a_code_and_a_discount_do_not_go_together(
    client: stripe.StripeClient, prices: dict[str, str], half: stripe.Coupon
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="only specify one of"):
        open_checkout(
            client,
            prices["monthly"],
            allow_promotion_codes=True,
            discounts=[{"coupon": half.id}],
        )
    with pytest.raises(stripe.InvalidRequestError, match="exactly one of"):
        open_checkout(
            client, prices["monthly"], discounts=[{"coupon": half.id, "promotion_code": "promo_x"}]
        )


def test_a_deleted_coupon_is_gone_and_keeps_what_it_gave(
    client: stripe.StripeClient, prices: dict[str, str], buys: Buys
) -> None:
    coupon = client.v1.coupons.create({"percent_off": 20, "duration": "forever"})
    session = buys("monthly", discounts=[{"coupon": coupon.id}])

    assert client.v1.coupons.delete(coupon.id).deleted

    assert client.v1.coupons.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        open_checkout(client, prices["monthly"], discounts=[{"coupon": coupon.id}])
    assert len(client.v1.subscriptions.retrieve(str(session.subscription)).discounts) == 1
