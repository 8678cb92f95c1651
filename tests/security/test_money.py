"""Access follows what Stripe says and what this server decides, never what a browser says."""

from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask

from membership.billing.models import Checkout, Grant
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays, price_id, way_back
from tests.support.people import ADA

SHUT = HTTPStatus.PAYMENT_REQUIRED


@pytest.fixture(autouse=True)
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


def sold(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every page to pay on that was made at Stripe."""
    listed: Any = ask_stripe(sandbox, "checkout/sessions?limit=100", method="GET")["data"]
    return list(listed)


@pytest.mark.parametrize(
    "asked",
    [
        "/checkout/complete",
        "/checkout/complete?session_id=",
        "/checkout/complete?session_id=cs_test_made_up",
        "/checkout/complete?session_id=../../premium",
        "/checkout/complete?session_id={CHECKOUT_SESSION_ID}",
    ],
)
def test_s51_a_way_back_by_hand_opens_nothing(grace: Browser, asked: str) -> None:
    assert grace.get(asked).status_code == HTTPStatus.NOT_FOUND
    assert grace.get("/premium").status_code == SHUT


def test_s51_anothers_session_opens_and_shows_nothing(
    grace: Browser, edsger: Browser, visitor: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    returned = way_back(pays(elsewhere, chooses(grace, app)))
    answer = edsger.get(returned)
    missing = edsger.get("/checkout/complete?session_id=cs_test_made_up")
    assert answer.status_code == missing.status_code == HTTPStatus.NOT_FOUND
    assert answer.text == missing.text
    assert edsger.get("/premium").status_code == SHUT
    assert visitor.get(returned).location.startswith("/login")
    assert visitor.get("/account").location.startswith("/login")
    assert grace.get(returned).location == "/premium"


def test_s51_a_page_left_unpaid_opens_nothing(grace: Browser, app: Flask) -> None:
    session_id = chooses(grace, app).rpartition("/")[2]
    grace.get(f"/checkout/complete?session_id={session_id}")
    assert grace.get("/premium").status_code == SHUT
    with app.app_context():
        assert db.session.query(Grant).count() == 0


@pytest.mark.parametrize("wanted", ["price_of_another", "", "monthly", "price_1' OR '1'='1"])
def test_s52_a_price_that_is_not_for_sale_reaches_stripe_never(
    grace: Browser, sandbox: Sandbox, wanted: str
) -> None:
    answer = grace.post("/checkout", {"csrf_token": grace.token_on("/plans"), "price": wanted})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert sold(sandbox) == []


def test_s52_prices_of_others_in_the_same_stripe_account_are_not_for_sale(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    product = ask_stripe(sandbox, "products", {"name": "Somebody else's"})
    price = ask_stripe(
        sandbox,
        "prices",
        {"product": str(product["id"]), "currency": "eur", "unit_amount": "1"},
    )
    copy_catalogue(app)
    answer = grace.post(
        "/checkout", {"csrf_token": grace.token_on("/plans"), "price": str(price["id"])}
    )
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert sold(sandbox) == []


def test_s52_fields_nobody_asked_for_are_not_passed_on(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    fields = {
        "csrf_token": grace.token_on("/plans"),
        "price": price_id(app, "monthly"),
        "amount": "1",
        "unit_amount": "1",
        "customer": "cus_other",
        "quantity": "0",
        "mode": "setup",
        "success_url": "https://evil.test",
        "line_items[0][price_data][unit_amount]": "1",
        "discounts[0][coupon]": "all",
        "client_reference_id": ADA,
    }
    assert grace.post("/checkout", fields).status_code == HTTPStatus.SEE_OTHER
    (made,) = sold(sandbox)
    assert (made["amount_total"], made["mode"]) == (500, "subscription")
    assert made["customer"] != "cus_other"
    assert "evil" not in str(made)
    with app.app_context():
        assert db.session.query(Checkout).one().customer_id == made["customer"]


def test_s52_the_portal_of_another_is_not_opened(
    grace: Browser, edsger: Browser, app: Flask
) -> None:
    chooses(grace, app)
    with app.app_context():
        customer = db.session.query(Checkout).one().customer_id or ""
    edsgers = {"csrf_token": edsger.token_on("/plans"), "customer": customer}
    assert edsger.post("/billing/portal", edsgers).status_code in (303, 404)
    chooses(edsger, app)
    assert edsger.post("/billing/portal", edsgers).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("fault", ["down", "limit"])
def test_s53_without_stripe_members_read_on_and_nothing_is_sold(
    ada: Browser, grace: Browser, app: Flask, sandbox: Sandbox, fault: str
) -> None:
    price = price_id(app, "monthly")
    fields = {"csrf_token": grace.token_on("/plans"), "price": price}
    sandbox.stripe_fault = fault
    assert ada.get("/premium").status_code == HTTPStatus.OK
    for path in ("/", "/plans", "/posts", "/account"):
        assert grace.get(path).status_code == HTTPStatus.OK
    assert grace.get("/premium").status_code == SHUT
    answer = grace.post("/checkout", fields)
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "nothing was charged" in answer.text
    assert grace.get("/premium").status_code == SHUT
