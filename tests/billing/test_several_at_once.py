"""A payment link may sell several things at once: every one of them that is ours opens."""

from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.billing.models import Grant
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.links import pays_by_link
from tests.support.mail import Work
from tests.support.paying import ask_stripe, copy_catalogue, newest_at_stripe, price_id
from tests.support.people import GRACE

pytestmark = pytest.mark.usefixtures("listening")


def sells(sandbox: Sandbox, name: str, **metadata: str) -> str:
    """A new product for 9 €, once; its price."""
    said = {f"metadata[{key}]": value for key, value in metadata.items()}
    product = ask_stripe(sandbox, "products", {"name": name, **said})
    price = {"product": str(product["id"]), "currency": "eur", "unit_amount": "900"}
    return str(ask_stripe(sandbox, "prices", price)["id"])


def link_to(app: Flask, sandbox: Sandbox, *prices: str) -> str:
    copy_catalogue(app)
    sold = {f"line_items[{n}][price]": price for n, price in enumerate(prices)}
    sold |= {f"line_items[{n}][quantity]": "1" for n in range(len(prices))}
    return str(ask_stripe(sandbox, "payment_links", sold)["url"])


def opened(app: Flask) -> dict[str, bool]:
    """Each feature, and whether it is for good."""
    with app.app_context():
        rows = db.session.scalars(select(Grant).where(Grant.revoked_at.is_(None)))
        return {grant.feature: grant.ends_at is None for grant in rows}


@on_each_database
def test_both_open_and_both_are_on_the_account_page(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    talk = sells(sandbox, "The talk", plan="talk", features="talk")
    copy_catalogue(app)
    pays_by_link(elsewhere, link_to(app, sandbox, talk, price_id(app, "guide")), GRACE)
    work()
    assert opened(app) == {"talk": True, "guide": False, "premium": False}
    account = grace.get("/account").text
    assert "The talk" in account
    assert "Yours for good." in account
    why = grace.get("/account/why").text
    assert "“The talk” was bought" in why
    assert "“The Field Guide” was bought" in why


def test_a_strangers_thing_that_stands_first_hides_nothing(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    mug = sells(sandbox, "A mug")
    copy_catalogue(app)
    pays_by_link(elsewhere, link_to(app, sandbox, mug, price_id(app, "guide")), GRACE)
    work()
    assert opened(app) == {"guide": False, "premium": False}
    assert "A mug" not in grace.get("/account").text


def test_of_two_that_open_the_same_the_longer_counts(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    week = sells(sandbox, "A week", plan="week", access_days="7")
    always = sells(sandbox, "For good", plan="always")
    pays_by_link(elsewhere, link_to(app, sandbox, week, always), GRACE)
    work()
    assert opened(app) == {"premium": True}
    assert grace.get("/premium").status_code == HTTPStatus.OK
    assert "“For good” was bought" in grace.get("/account/why").text


def test_a_full_refund_closes_all_of_it(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    talk = sells(sandbox, "The talk", plan="talk", features="talk")
    copy_catalogue(app)
    pays_by_link(elsewhere, link_to(app, sandbox, talk, price_id(app, "guide")), GRACE)
    work()
    ask_stripe(sandbox, "refunds", {"payment_intent": newest_at_stripe(sandbox, "payment_intents")})
    work()
    assert opened(app) == {}


def test_days_that_no_calendar_has_are_for_good_and_stop_nothing(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    link = link_to(app, sandbox, sells(sandbox, "Typed twice", plan="x", access_days="3" * 12))
    pays_by_link(elsewhere, link, GRACE)
    work()
    assert opened(app) == {"premium": True}
    assert grace.get("/premium").status_code == HTTPStatus.OK
