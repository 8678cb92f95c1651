"""Grace has subscribed twice, and the owner ends one of them and gives its latest payment back."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from membership.accounts.models import User
from membership.billing.doubles import Ending
from membership.billing.models import CheckoutTurn, Payment, Subscription
from membership.db import db, transaction
from membership.journal import Entry
from sandbox.server import Sandbox
from sandbox.stripe import disputes
from sandbox.stripe import refunds as stripe_refunds
from tests.conftest import MakeApp
from tests.support.asked import asked_of
from tests.support.browser import Browser, Elsewhere
from tests.support.choosy_stripe import refusing
from tests.support.databases import on_each_database
from tests.support.leaving import says_goodbye
from tests.support.links import payment_link, pays_by_link, told
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays
from tests.support.people import EDSGER, GRACE, OLIVE, PASSWORD, signs_in
from tests.support.threads import at_once
from tests.support.watched_stripe import Watched, watched

LISTED = "/admin/payments"
REFUNDED = ("owner.payment_refunded",)
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def twice(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> tuple[str, str]:
    """She has subscribed on the site, and a year long by a link: the two, the older first."""
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    pays_by_link(elsewhere, payment_link(app, sandbox, "yearly"), GRACE)
    work()
    with app.app_context():
        older = db.session.scalars(select(Payment.subscription_id).where(Payment.amount == 500))
        newer = db.session.scalars(select(Payment.subscription_id).where(Payment.amount == 5000))
        return str(older.one()), str(newer.one())


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Watched]:
    with watched(sandbox.stripe_base) as door:
        yield door


def page_of(subscription: str) -> str:
    return f"{LISTED}/subscriptions/{subscription}"


def ends(owner: Browser, subscription: str, *, password: str = PASSWORD) -> str:
    """Press the button; what the page after it says."""
    path = page_of(subscription)
    answer = owner.submit(path, action=path, password=password)
    return owner.follow(answer).text


def at_stripe(sandbox: Sandbox, subscription: str) -> str:
    return str(ask_stripe(sandbox, f"subscriptions/{subscription}", method="GET")["status"])


def copy_of(app: Flask, person: Browser) -> FlaskClient:
    """Another tab of the same browser."""
    tab = app.test_client()
    tab.environ_base.update(person.client.environ_base)
    cookie = person.client.get_cookie("session", domain="127.0.0.1")
    assert cookie
    tab.set_cookie("session", cookie.value, domain="127.0.0.1")
    return tab


def sent(person: Browser, fields: dict[str, str]) -> dict[str, Any]:
    return {"data": fields, "base_url": person.site_url}


def refunds(sandbox: Sandbox) -> list[int]:
    return [refund["amount"] for refund in sandbox.account.all("refund")]


def token_on(owner: Browser, path: str) -> dict[str, str]:
    """What the form there would send."""
    page = owner.get(path).text
    fields = ("csrf_token", "payment", "amount")
    return {
        name: page.split(f'name="{name}"')[1].split('value="')[1].split('"')[0] for name in fields
    }


@on_each_database
def test_one_press_ends_it_and_gives_the_payment_back(
    owner: Browser, grace: Browser, app: Flask, sandbox: Sandbox, twice: tuple[str, str]
) -> None:
    older, newer = twice
    listed = owner.get(LISTED).text
    assert "the newer" in listed
    assert page_of(older) in listed
    page = owner.get(page_of(newer)).text
    assert "€50.00 goes back" in page
    assert "it is the newer one" in page
    assert "has ended, and €50.00 goes back" in ends(owner, newer)
    assert (at_stripe(sandbox, older), at_stripe(sandbox, newer)) == ("active", "canceled")
    assert refunds(sandbox) == [5000]
    assert grace.get("/premium").status_code == HTTPStatus.OK
    assert "Two subscriptions" not in owner.get(LISTED).text
    with app.app_context():
        assert db.session.get_one(Subscription, newer).status == "canceled"
        acts = select(Entry).where(Entry.kind.in_(("owner.subscription_ended", *REFUNDED)))
        olive = db.session.scalars(select(User.id).where(User.email == OLIVE)).one()
        assert [each.detail["by"] for each in db.session.scalars(acts)] == [olive, olive]
    # No credit or charge for the rest of the period.
    invoices = sandbox.account.all("invoice")
    assert sorted(invoice["total"] for invoice in invoices) == [500, 5000]


def test_the_desk_asks_as_often_for_many_who_pay_twice_as_for_one(
    owner: Browser,
    edsger: Browser,
    app: Flask,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    twice: tuple[str, str],
    work: Work,
) -> None:
    def asks() -> int:
        with asked_of(app) as asked:
            assert owner.get(LISTED).status_code == HTTPStatus.OK
        return len(asked)

    one = asks()
    for _ in range(2):
        pays_by_link(elsewhere, payment_link(app, sandbox, "yearly"), EDSGER)
    work()
    assert EDSGER in owner.get(LISTED).text
    assert asks() == one


def test_the_other_one_can_be_ended_instead(
    owner: Browser, sandbox: Sandbox, twice: tuple[str, str]
) -> None:
    older, newer = twice
    ends(owner, older)
    assert (at_stripe(sandbox, older), at_stripe(sandbox, newer)) == ("canceled", "active")
    assert refunds(sandbox) == [500]
    assert owner.get(page_of(newer)).status_code == HTTPStatus.NOT_FOUND


@on_each_database
def test_two_owners_who_press_at_once_do_not_end_both(
    owner: Browser,
    app: Flask,
    browser: Callable[[], Browser],
    sandbox: Sandbox,
    twice: tuple[str, str],
) -> None:
    sent = [(page_of(each), token_on(owner, page_of(each))) for each in twice]
    second = signs_in(browser(), OLIVE)
    token = token_on(second, page_of(twice[1]))["csrf_token"]
    tried = [(owner, *sent[0]), (second, sent[1][0], {**sent[1][1], "csrf_token": token})]
    at_once(*(partial(who.post, path, {**each, "password": PASSWORD}) for who, path, each in tried))
    assert sorted(at_stripe(sandbox, each) for each in twice) == ["active", "canceled"]
    assert len(refunds(sandbox)) == 1


def test_a_double_click_gives_back_once(
    owner: Browser, app: Flask, sandbox: Sandbox, twice: tuple[str, str]
) -> None:
    path = page_of(twice[1])
    fields = {**token_on(owner, path), "password": PASSWORD}
    tabs = [owner.client, copy_of(app, owner)]
    at_once(*(partial(tab.post, path, **sent(owner, fields)) for tab in tabs))
    assert refunds(sandbox) == [5000]
    assert told(app, "owner.subscription_ended") == told(app, "owner.payment_refunded") == 1


@on_each_database
def test_when_stripe_refuses_the_refund_it_is_half_done_and_finished_by_pressing_again(
    owner: Browser,
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
) -> None:
    _, newer = twice
    with refusing(sandbox.stripe_base, "payment_intent") as choosy:
        other = make_app(STRIPE_API_BASE=choosy)
        page = ends(signs_in(Browser(other, site_url), OLIVE), newer)
    assert "Stripe did not do all of it: " in page
    assert "You cannot use payment_intent." in page
    assert (at_stripe(sandbox, newer), refunds(sandbox)) == ("canceled", [])
    assert "Half done" in owner.get(LISTED).text
    assert "Press once more to give €50.00 back" in owner.get(page_of(newer)).text
    assert "€50.00 goes back" in ends(owner, newer)
    assert refunds(sandbox) == [5000]
    assert "Half done" not in owner.get(LISTED).text
    assert told(app, "owner.subscription_ended") == told(app, "owner.payment_refunded") == 1


@pytest.mark.parametrize("lost", ["v1/refunds", "v1/subscriptions/{}"])
def test_an_answer_that_is_lost_is_no_second_refund(
    owner: Browser,
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
    door: Watched,
    lost: str,
) -> None:
    """Stripe has done it, and we never heard so."""
    _, newer = twice
    there = signs_in(Browser(make_app(STRIPE_API_BASE=door.url), site_url), OLIVE)
    door.loses = lost.format(newer)
    assert "Stripe did not do all of it" in ends(there, newer)
    door.loses = None
    assert at_stripe(sandbox, newer) == "canceled"
    if refunds(sandbox) == []:  # it was the first half
        ends(owner, newer)
    assert refunds(sandbox) == [5000]
    assert "Half done" not in owner.get(LISTED).text


@pytest.mark.parametrize("status", [HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR])
def test_a_refund_that_stripe_once_refused_can_be_asked_for_again(
    owner: Browser,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
    door: Watched,
    status: HTTPStatus,
) -> None:
    """The balance was empty, and is not any more; to one key Stripe's answer stays the same."""
    _, newer = twice
    there = signs_in(Browser(make_app(STRIPE_API_BASE=door.url), site_url), OLIVE)
    door.refuses, door.refusal = "v1/refunds", status
    assert "Not enough money." in ends(there, newer)
    door.refuses = None
    assert "€50.00 goes back" in ends(there, newer)
    assert refunds(sandbox) == [5000]


@on_each_database
def test_while_one_is_being_ended_and_stripe_is_slow_the_other_stays(
    owner: Browser,
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
    door: Watched,
) -> None:
    older, newer = twice
    there = signs_in(Browser(make_app(STRIPE_API_BASE=door.url), site_url), OLIVE)
    door.holds = f"v1/subscriptions/{newer}"
    slow = threading.Thread(target=ends, args=(there, newer))
    slow.start()
    assert door.held.wait(10)
    with app.app_context(), transaction() as session:
        session.execute(delete(CheckoutTurn))  # its time is over
    fields = {**token_on(owner, page_of(older)), "password": PASSWORD}
    refused = owner.post(page_of(older), fields)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    door.let_go.set()
    slow.join()
    assert (at_stripe(sandbox, older), at_stripe(sandbox, newer)) == ("active", "canceled")
    assert refunds(sandbox) == [5000]


def test_while_stripe_is_away_nothing_is_begun(
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
    owner: Browser,
    door: Watched,
) -> None:
    there = signs_in(Browser(make_app(STRIPE_API_BASE=door.url), site_url), OLIVE)
    door.down_after = len(door.calls)
    assert "Stripe did not do all of it" in ends(there, twice[1])
    assert [at_stripe(sandbox, each) for each in twice] == ["active", "active"]
    with app.app_context():
        assert db.session.scalars(select(Ending)).all() == []


def test_what_was_paid_since_the_owner_looked_is_looked_at_first(
    owner: Browser, sandbox: Sandbox, twice: tuple[str, str]
) -> None:
    _, newer = twice
    path = page_of(newer)
    fields = {**token_on(owner, path), "password": PASSWORD}
    intent = fields["payment"]
    ask_stripe(sandbox, "refunds", {"payment_intent": intent, "amount": "1000"})
    answer = owner.post(path, fields)
    assert "something was paid or refunded meanwhile" in owner.follow(answer).text
    assert (at_stripe(sandbox, newer), refunds(sandbox)) == ("active", [1000])
    assert "€40.00 goes back" in owner.get(path).text
    ends(owner, newer)
    assert refunds(sandbox) == [1000, 4000]


def test_what_its_bank_has_taken_back_is_not_given_back_by_us(
    owner: Browser, sandbox: Sandbox, twice: tuple[str, str], work: Work
) -> None:
    _, newer = twice
    charge = sandbox.account.all("charge", amount=5000)[0]
    disputes.open_(sandbox.account, charge["id"])
    work()
    assert "the bank has the money" in owner.get(page_of(newer)).text
    ends(owner, newer)
    assert (at_stripe(sandbox, newer), refunds(sandbox)) == ("canceled", [])


def test_a_refund_that_came_back_is_half_done_again(
    owner: Browser, sandbox: Sandbox, twice: tuple[str, str], work: Work
) -> None:
    _, newer = twice
    ends(owner, newer)
    given = sandbox.account.all("refund")[0]
    stripe_refunds.fail(sandbox.account, given["id"])
    work()
    assert "Half done" in owner.get(LISTED).text
    ends(owner, newer)
    kept = [each for each in sandbox.account.all("refund") if each["status"] == "succeeded"]
    assert [each["amount"] for each in kept] == [5000]
    assert "Half done" not in owner.get(LISTED).text


@on_each_database
def test_it_is_finished_though_the_member_has_left_meanwhile(
    owner: Browser,
    grace: Browser,
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    site_url: str,
    twice: tuple[str, str],
) -> None:
    older, newer = twice
    with refusing(sandbox.stripe_base, "payment_intent") as choosy:
        ends(signs_in(Browser(make_app(STRIPE_API_BASE=choosy), site_url), OLIVE), newer)
    assert says_goodbye(grace).status_code == HTTPStatus.SEE_OTHER
    assert "Half done" in owner.get(LISTED).text
    assert GRACE not in owner.get(page_of(newer)).text
    ends(owner, newer)
    assert refunds(sandbox) == [5000]
    assert "Half done" not in owner.get(LISTED).text
    assert [at_stripe(sandbox, each) for each in twice] == ["canceled", "canceled"]
    assert owner.get(page_of(older)).status_code == HTTPStatus.NOT_FOUND


def test_the_owner_may_let_it_be(
    owner: Browser, make_app: MakeApp, sandbox: Sandbox, site_url: str, twice: tuple[str, str]
) -> None:
    _, newer = twice
    with refusing(sandbox.stripe_base, "payment_intent") as choosy:
        ends(signs_in(Browser(make_app(STRIPE_API_BASE=choosy), site_url), OLIVE), newer)
    path = f"{page_of(newer)}/leave"
    owner.submit(path, action=path, password="wrong")
    assert "Half done" in owner.get(LISTED).text
    owner.submit(path, action=path, password=PASSWORD)
    assert "Half done" not in owner.get(LISTED).text
    assert refunds(sandbox) == []


def test_a_wrong_password_and_a_forged_form_do_nothing(
    owner: Browser, sandbox: Sandbox, twice: tuple[str, str]
) -> None:
    path = page_of(twice[1])
    assert "That is not your password" in ends(owner, twice[1], password="wrong")
    fields = {**token_on(owner, path), "password": PASSWORD}
    del fields["csrf_token"]
    assert owner.post(path, fields).status_code == HTTPStatus.BAD_REQUEST
    assert (at_stripe(sandbox, twice[1]), refunds(sandbox)) == ("active", [])


def test_somebodys_only_subscription_cannot_be_ended_here(
    owner: Browser, grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        only = db.session.scalars(select(Subscription.stripe_id)).one()
    for path in (page_of(only), page_of("sub_nobody"), page_of("x'--")):
        assert owner.get(path).status_code == HTTPStatus.NOT_FOUND
