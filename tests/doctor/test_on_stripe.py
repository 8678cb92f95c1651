"""The key, the account, the clock, the portal, the plans."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from membership.billing import account_guard, portal
from membership.billing.stripe_account import AccountData
from membership.db import transaction
from membership.doctor import on_stripe
from membership.doctor.visit import Visit
from sandbox.server import Sandbox
from tests.support.checkup import examined, level, said
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.odd_server import answering
from tests.support.paying import ask_stripe, copy_catalogue, price_id

MakeApp = Callable[..., Flask]


def refusal(message: str) -> bytes:
    return json.dumps({"error": {"type": "invalid_request_error", "message": message}}).encode()


def test_a_key_that_works(app: Flask) -> None:
    found = said(app, "stripe")
    assert (found.level, "acct_1SandboxLatchkey" in found.what) == ("well", True)


@pytest.mark.parametrize(
    ("status", "body", "is_so"),
    [
        (401, refusal("Invalid API Key provided: sk_test_***1"), "broken"),
        (403, refusal("The key lacks a permission."), "well"),
        (429, refusal("Too many requests."), "broken"),
        (500, b"<html>", "broken"),
        (200, b"[]", "broken"),
        (200, b"{}", "broken"),
    ],
)
def test_what_stripe_may_say_to_a_key(
    make_app: MakeApp, status: int, body: bytes, is_so: str
) -> None:
    with answering(status, body) as address:
        assert level(make_app(STRIPE_API_BASE=address), "stripe") == is_so


def test_a_restricted_key_is_no_fault(make_app: MakeApp) -> None:
    """It can do what the site needs; only less can be seen with it."""
    with answering(403, refusal("The key lacks a permission.")) as address:
        found = examined(make_app(STRIPE_API_BASE=address))
    for name in ("stripe-charges", "clock", "endpoint", "deliveries", "checkouts", "plans"):
        assert (found[name].level, "restricted" in found[name].what) == ("skipped", True), name


@on_each_database
def test_a_key_of_another_account(app: Flask) -> None:
    assert "remembered" in said(app, "stripe-account").what
    copy_catalogue(app)
    assert level(app, "stripe-account") == "well"
    with app.app_context(), transaction() as session:
        account_guard.accept(session, "acct_of_before", livemode=False)
    found = said(app, "stripe-account")
    assert (found.level, "acct_of_before" in found.what) == ("broken", True)


@pytest.mark.parametrize(
    ("key", "may", "is_so"),
    [
        ("sk_live_1", True, "well"),
        ("sk_live_1", False, "broken"),
        ("sk_test_1", False, "well"),
    ],
)
def test_an_account_that_may_not_take_payments(app: Flask, key: str, may: bool, is_so: str) -> None:
    (check,) = (check for check in on_stripe.CHECKS if check.name == "stripe-charges")
    with app.app_context():
        visit = Visit()
        visit.settings = replace(visit.settings, stripe_secret_key=key)
        visit.account = AccountData("acct_1", None, may, None)
        assert check.ask(visit).level == is_so


@pytest.mark.parametrize(
    ("wrong", "is_so"),
    [
        (timedelta(), "well"),
        (timedelta(minutes=1), "look"),
        (timedelta(minutes=-1), "look"),
        (timedelta(minutes=5), "broken"),
        (timedelta(minutes=-5), "broken"),
    ],
)
def test_a_clock_that_is_wrong(
    app: Flask, clock: MovableClock, wrong: timedelta, is_so: str
) -> None:
    clock.passes(wrong)
    assert level(app, "clock") == is_so


@on_each_database
def test_a_portal_where_nobody_can_cancel(app: Flask, sandbox: Sandbox) -> None:
    copy_catalogue(app)
    assert level(app, "portal") == "well"
    customer = ask_stripe(sandbox, "customers", {"email": "ada@example.com"})
    with app.app_context():
        portal.url(str(customer["id"]), return_url="http://127.0.0.1/account")
    assert said(app, "portal").what == "Members can cancel and change their card."
    (ours,) = sandbox.account.all("billing_portal.configuration")
    path = f"billing_portal/configurations/{ours['id']}"
    ask_stripe(sandbox, path, {"features[subscription_cancel][enabled]": "false"})
    found = said(app, "portal")
    assert (found.level, found.what) == ("look", "Members cannot cancel there.")
    ask_stripe(sandbox, path, {"active": "false"})
    assert level(app, "portal") == "well"


def products(sandbox: Sandbox) -> list[dict[str, Any]]:
    listed: Any = ask_stripe(sandbox, "products?limit=100", method="GET")["data"]
    return list(listed)


def test_plans_that_were_copied_and_then_changed_behind_our_back(
    app: Flask, sandbox: Sandbox
) -> None:
    assert "flask billing catalogue" in said(app, "plans").do
    copy_catalogue(app)
    assert level(app, "plans") == "well"
    ask_stripe(sandbox, f"prices/{price_id(app, 'yearly')}", {"active": "false"})
    assert level(app, "plans") == "look"
    copy_catalogue(app)
    assert level(app, "plans") == "well"


def test_no_plan_at_all(app: Flask, sandbox: Sandbox) -> None:
    for product in products(sandbox):
        ask_stripe(sandbox, f"products/{product['id']}", {"metadata[plan]": ""})
    assert level(app, "plans") == "broken"


def test_a_product_that_was_meant_to_be_a_plan(app: Flask, sandbox: Sandbox) -> None:
    copy_catalogue(app)
    ask_stripe(sandbox, "products", {"name": "Garden gnomes"})
    found = said(app, "plans")
    assert (found.level, "1 other" in found.what) == ("well", True)
    ask_stripe(sandbox, "products", {"name": "Patron", "metadata[Plan]": "patron"})
    found = said(app, "plans")
    assert found.level == "look"
    assert found.what.startswith("Patron (prod_")


def test_a_plan_without_a_price(app: Flask, sandbox: Sandbox) -> None:
    copy_catalogue(app)
    ask_stripe(sandbox, "products", {"name": "Patron", "metadata[plan]": "patron"})
    found = said(app, "plans")
    assert (found.level, "Patron (prod_" in found.what) == ("look", True)
    assert "price" in found.do
