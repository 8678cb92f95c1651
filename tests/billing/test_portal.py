"""The way to Stripe's portal: ours by the API, with the plans on sale, and one call a visit."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from http import HTTPStatus
from typing import Any

import pytest
import requests
from flask import Flask

from membership.billing.entitlements import LEEWAY
from membership.billing.models import (
    Checkout,
    Customer,
    Grant,
    Match,
    PortalConfiguration,
    Subscription,
)
from membership.db import db, transaction
from sandbox.server import Sandbox
from tests.support import people
from tests.support.browser import Browser, Elsewhere
from tests.support.choosy_stripe import refusing
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays, price_id
from tests.support.threads import at_once

pytestmark = pytest.mark.usefixtures("listening", "paying_grace")


@pytest.fixture
def paying_grace(grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work) -> None:
    """Grace pays by the month."""
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()


def opens_portal(member: Browser, task: str = "") -> str:
    """Press a button on the account page; the address of Stripe's page."""
    answer = member.submit("/account", action="/billing/portal", task=task)
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
    return answer.location


def configurations(sandbox: Sandbox) -> list[dict[str, Any]]:
    found = ask_stripe(sandbox, "billing_portal/configurations?limit=100", method="GET")
    listed: list[dict[str, Any]] = found["data"]  # type: ignore[assignment]
    return listed


def calls(sandbox: Sandbox) -> list[str]:
    """What Stripe was asked so far, newest first: POST /stripe/v1/…"""
    page = requests.get(f"{sandbox.url}/requests", timeout=10).text
    return re.findall(r"</span> ((?:GET|POST|DELETE) /stripe/\S+)", page)


@on_each_database
def test_the_first_visit_sets_the_portal_up_and_the_next_costs_one_call(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    assert configurations(sandbox) == []
    opens_portal(grace)
    (made,) = configurations(sandbox)
    update = made["features"]["subscription_update"]
    assert update["default_allowed_updates"] == ["price"]
    assert update["proration_behavior"] == "always_invoice"
    (product,) = update["products"]
    assert product["prices"] == [price_id(app, "monthly"), price_id(app, "yearly")]
    assert made["features"]["subscription_cancel"]["mode"] == "at_period_end"
    before = calls(sandbox)
    opens_portal(grace)
    asked = calls(sandbox)[: len(calls(sandbox)) - len(before)]
    assert asked == ["POST /stripe/v1/billing_portal/sessions"]


def test_a_new_plan_is_in_the_portal_at_the_next_visit(
    grace: Browser, sandbox: Sandbox, work: Work
) -> None:
    opens_portal(grace)
    patron = ask_stripe(sandbox, "products", {"name": "Patron", "metadata[plan]": "patron"})
    every_month = {"unit_amount": "2500", "currency": "eur", "recurring[interval]": "month"}
    price = ask_stripe(sandbox, "prices", {"product": str(patron["id"]), **every_month})
    work()
    opens_portal(grace)
    (changed,) = configurations(sandbox)  # the same one
    update = changed["features"]["subscription_update"]
    offered = {product["product"]: product["prices"] for product in update["products"]}
    assert offered[patron["id"]] == [price["id"]]
    assert len(offered) == 2


def test_somebody_elses_products_are_not_offered(
    grace: Browser, sandbox: Sandbox, work: Work
) -> None:
    other = ask_stripe(sandbox, "products", {"name": "Somebody else's"})
    every_month = {"unit_amount": "100", "currency": "eur", "recurring[interval]": "month"}
    ask_stripe(sandbox, "prices", {"product": str(other["id"]), **every_month})
    work()
    opens_portal(grace)
    (made,) = configurations(sandbox)
    offered = {p["product"] for p in made["features"]["subscription_update"]["products"]}
    assert other["id"] not in offered


@on_each_database
def test_a_configuration_that_the_owner_switched_off_is_made_again(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    opens_portal(grace)
    (first,) = configurations(sandbox)
    ask_stripe(sandbox, f"billing_portal/configurations/{first['id']}", {"active": "false"})
    with app.app_context(), transaction() as session:
        session.query(PortalConfiguration).one().stripe_id = "bpc_of_another_account"
    opens_portal(grace)
    with app.app_context():
        kept = db.session.query(PortalConfiguration).one()
        assert kept.stripe_id not in (first["id"], "bpc_of_another_account")
    assert kept.stripe_id in {found["id"] for found in configurations(sandbox) if found["active"]}


def test_one_that_was_made_before_is_found_again_when_our_copy_is_lost(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    opens_portal(grace)
    with app.app_context(), transaction() as session:
        session.delete(session.query(PortalConfiguration).one())
    opens_portal(grace)
    assert len(configurations(sandbox)) == 1


def test_two_first_visits_at_once_make_one_configuration(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    token = grace.token_on("/plans")
    cookie = grace.client.get_cookie("session", domain="127.0.0.1")
    assert cookie

    def visit() -> int:
        tab = Browser(app, grace.site_url)
        tab.client.set_cookie("session", cookie.value, domain="127.0.0.1")
        return tab.post("/billing/portal", {"csrf_token": token}).status_code

    assert at_once(*[visit] * 3) == [HTTPStatus.SEE_OTHER] * 3
    assert len(configurations(sandbox)) == 1


def test_an_account_that_cannot_pause_has_the_rest(
    grace: Browser, make_app: Callable[..., Flask], sandbox: Sandbox
) -> None:
    with refusing(sandbox.stripe_base, "subscription_pause") as address:
        app = make_app(STRIPE_API_BASE=address)
        opens_portal(people.signs_in(Browser(app, grace.site_url), people.GRACE))
    (made,) = configurations(sandbox)
    assert not made["features"]["subscription_pause"]["enabled"]
    assert made["features"]["subscription_update"]["enabled"]


def test_while_stripe_is_down_the_portal_says_so_and_nothing_is_kept_that_was_not_made(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    sandbox.stripe_fault = "down"
    answer = grace.submit("/account", action="/billing/portal")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    with app.app_context():
        assert db.session.query(PortalConfiguration).count() == 0


def test_the_portal_leads_back_to_the_account(grace: Browser, elsewhere: Elsewhere) -> None:
    assert f"{grace.site_url}/billing/returned" in elsewhere.get(opens_portal(grace)).text


@pytest.mark.parametrize("task", ["plan", "cancel", "card", "", "anything"])
def test_every_button_of_the_account_leads_to_stripes_page(
    grace: Browser, elsewhere: Elsewhere, task: str
) -> None:
    assert elsewhere.get(opens_portal(grace, task)).status_code == HTTPStatus.OK


@on_each_database
def test_nobody_opens_the_portal_of_another_members_customer(
    grace: Browser, ada: Browser, app: Flask
) -> None:
    with app.app_context():
        graces = db.session.query(Customer.stripe_id).scalar()
    token = ada.token_on("/plans")
    for forged in (graces, "cus_nobody", "\0", "' or 1=1 --"):
        answer = ada.post("/billing/portal", {"csrf_token": token, "customer": forged})
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert ada.post("/billing/portal", {"csrf_token": token}).location == "/plans"


def test_a_member_with_two_customers_reaches_the_portal_of_each_and_buys_with_their_own(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    other = str(ask_stripe(sandbox, "customers", {"email": "gran@example.com"})["id"])
    with app.app_context(), transaction() as session:
        own = session.query(Customer).one()
        session.add(
            Customer(
                stripe_id=other,
                user_id=own.user_id,
                bound_by=Match.CLAIM,
                email="gran@example.com",
                created_at=own.created_at.replace(year=2020),  # older than their own
            )
        )
    assert "gran@example.com" in grace.get("/account").text
    for customer in (own.stripe_id, other):
        answer = grace.submit("/account", action="/billing/portal", having={"customer": customer})
        assert elsewhere.get(answer.location).status_code == HTTPStatus.OK
    chooses(grace, app, "guide")
    with app.app_context():
        begun = db.session.query(Checkout).filter_by(status="open").one()
        assert begun.customer_id == own.stripe_id


def test_what_was_claimed_is_not_sold_to(
    app: Flask, browser: Callable[[], Browser], sandbox: Sandbox
) -> None:
    other = str(ask_stripe(sandbox, "customers", {"email": "gran@example.com"})["id"])
    user_id = people.opens_account(app, people.EDSGER)
    edsger = people.signs_in(browser(), people.EDSGER)
    with app.app_context(), transaction() as session:
        claimed = Customer(stripe_id=other, user_id=user_id, bound_by=Match.CLAIM)
        claimed.created_at = datetime.now(UTC)
        session.add(claimed)
    chooses(edsger, app)
    with app.app_context():
        begun = db.session.query(Checkout).filter_by(user_id=user_id).one()
        assert begun.customer_id != other
        own = db.session.get_one(Customer, begun.customer_id)
        assert (own.email, own.bound_by) == (people.EDSGER, Match.CHECKOUT)


def test_grace_changes_to_the_yearly_plan_and_everything_follows(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    page = opens_portal(grace, "plan")
    sandbox.webhooks_paused = True
    done = elsewhere.submit(page, action=f"{page}/switch", price=price_id(app, "yearly"))
    assert done.headers["Location"] == f"{grace.site_url}/billing/returned"
    assert grace.get("/billing/returned").location == "/account"
    assert "€50.00 a year" in unescape(grace.get("/account").text)  # though the webhook is late
    sandbox.webhooks_paused = False
    work()
    with app.app_context():
        subscription = db.session.query(Subscription).one()
        assert subscription.price_id == price_id(app, "yearly")
        (grant,) = db.session.query(Grant).all()
        assert grant.ends_at == subscription.period_end + LEEWAY
        assert (subscription.period_end - subscription.period_start).days >= 365
    assert "Your plan" in grace.get("/plans").text.split("€50.00")[1].split("</form>")[0]


def test_a_pause_closes_the_door_and_its_end_opens_it(
    grace: Browser, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    page = opens_portal(grace)
    elsewhere.submit(page, action=f"{page}/pause", length="1 month")
    work()
    assert "Paused" in grace.get("/account").text
    shut = grace.get("/premium")
    assert shut.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert "Paused" in shut.text
    page = grace.submit("/premium", action="/billing/portal").location
    elsewhere.submit(page, action=f"{page}/unpause")
    work()
    assert grace.get("/premium").status_code == HTTPStatus.OK


def test_a_task_that_stripe_refuses_opens_the_front_page(
    grace: Browser, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    page = opens_portal(grace, "cancel")
    elsewhere.submit(page, action=f"{page}/cancel")
    again = opens_portal(grace, "cancel")  # our copy does not know yet
    assert elsewhere.get(again).status_code == HTTPStatus.OK
    assert len(configurations(sandbox)) == 1


def test_a_member_who_has_bought_nothing_is_shown_the_plans(
    app: Flask, browser: Callable[[], Browser]
) -> None:
    people.opens_account(app, people.EDSGER)
    edsger = people.signs_in(browser(), people.EDSGER)
    assert "/billing/portal" not in edsger.get("/account").text
