"""What the owner should look at."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.billing import attention
from membership.billing.models import Customer, Subscription
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.links import payment_link, pays_by_link, told
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays
from tests.support.people import GRACE

pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def twice(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> list[str]:
    """Grace has subscribed on the site, and once more by a link; her subscriptions."""
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    pays_by_link(elsewhere, payment_link(app, sandbox, "yearly"), GRACE)
    work()
    with app.app_context():
        return sorted(db.session.scalars(select(Subscription.stripe_id)))


def listed(app: Flask) -> str:
    """flask billing twice."""
    return app.test_cli_runner().invoke(args=["billing", "twice"]).output


def test_two_subscriptions_of_one_member_are_told_once_and_listed(
    twice: list[str], app: Flask, sandbox: Sandbox, work: Work
) -> None:
    with app.app_context():
        customers = list(db.session.scalars(select(Customer.stripe_id)))
    for customer in customers:
        ask_stripe(sandbox, f"customers/{customer}", {"name": "Grace"})
    work()
    assert told(app, attention.TWICE) == 1
    assert listed(app) == f"{GRACE}  {', '.join(twice)}\n"


def test_each_of_the_two_grants_by_itself(
    twice: list[str],
    grace: Browser,
    app: Flask,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
) -> None:
    for subscription in twice:
        assert grace.get("/premium").status_code == HTTPStatus.OK
        ask_stripe(sandbox, f"subscriptions/{subscription}", method="DELETE")
        clock.passes(timedelta(minutes=1))
        work()
    assert grace.get("/premium").status_code == HTTPStatus.PAYMENT_REQUIRED
    assert listed(app) == "Nobody pays twice.\n"


def test_one_subscription_is_no_matter(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    assert listed(app) == "Nobody pays twice.\n"
    assert told(app, attention.TWICE) == 0


def test_the_portal_of_each_customer_can_be_opened_and_nobody_elses(
    twice: list[str], grace: Browser, ada: Browser, app: Flask
) -> None:
    with app.app_context():
        customers = list(db.session.scalars(select(Customer.stripe_id)))
    portals = set()
    for customer in customers:
        having = {"customer": customer}
        answer = grace.submit("/account", action="/billing/portal", having=having)
        assert answer.status_code == HTTPStatus.SEE_OTHER
        portals.add(answer.location)
    assert len(portals) == 2
    token = ada.token_on("/plans")
    for customer in customers:
        forged = ada.post("/billing/portal", {"csrf_token": token, "customer": customer})
        assert forged.status_code == HTTPStatus.NOT_FOUND
