"""Payments that are nobody's, at the desk: the owner says whose each is."""

from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.billing.models import Customer
from membership.db import db
from membership.journal import Entry
from sandbox.server import Sandbox
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.leaving import says_goodbye, subscribes
from tests.support.links import bound, payer_key, payment_link, pays_by_link, told, waiting
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import EDSGER, GRACE, PASSWORD

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
OTHER = "grace+list@example.com"
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def stray(app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work) -> str:
    """Somebody has paid by a link with an address of no member's; the key of their payment."""
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), OTHER)
    work()
    return payer_key(app)


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def page_of(key: str) -> str:
    return f"/admin/payments/{key}"


def token_on(owner: Browser, path: str) -> str:
    return owner.get(path).text.split('name="csrf_token" value="')[1].split('"')[0]


def unbinds(owner: Browser, key: str, *, password: str = PASSWORD) -> TestResponse:
    path = f"{page_of(key)}/unbind"
    return owner.submit(path, action=path, password=password)


@on_each_database
def test_the_owner_sees_what_is_nobodys_and_gives_it_to_whom_it_is(
    owner: Browser, grace: Browser, app: Flask, stray: str
) -> None:
    listed = owner.get("/admin/payments").text
    for words in (OTHER, "€5.00", "No member has the address it was paid with", GRACE):
        assert words in listed
    page = owner.get(page_of(stray)).text
    assert "the address begins alike" in page
    answer = owner.submit(page_of(stray), action=page_of(stray), candidate=GRACE, password=PASSWORD)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert f"The payment belongs to {GRACE} now" in owner.follow(answer).text
    assert premium(grace) == OPEN
    assert bound(app) == [(GRACE, "owner")]
    with app.app_context():
        line = db.session.scalars(select(Entry).where(Entry.kind == "owner.bound")).one()
        assert line.detail["payment"] == stray
        assert line.user_id != line.detail["by"]


def test_a_wrong_password_gives_nothing_to_anybody(
    owner: Browser, grace: Browser, app: Flask, stray: str
) -> None:
    answer = owner.submit(page_of(stray), action=page_of(stray), candidate=GRACE, password="wrong")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "That is not your password" in answer.text
    unbinding = unbinds(owner, stray, password="wrong")
    assert unbinding.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert premium(grace) == SHUT
    assert [email for email, _ in waiting(app)] == [OTHER]
    assert told(app, "owner.bound") == told(app, "owner.unbound") == 0


def test_it_can_be_given_to_somebody_who_is_no_candidate(
    owner: Browser, edsger: Browser, stray: str
) -> None:
    page = page_of(stray)
    answer = owner.submit(page, action=page, email="nobody@example.com", password=PASSWORD)
    assert "There is no account at nobody@example.com" in answer.text
    assert "Enter an email address" in owner.submit(page, action=page, password=PASSWORD).text
    owner.submit(page, action=page, email=f" {EDSGER.upper()} ", password=PASSWORD)
    assert premium(edsger) == OPEN


def test_what_is_somebodys_by_now_is_not_taken_over(
    owner: Browser, grace: Browser, edsger: Browser, app: Flask, stray: str
) -> None:
    """Two owners look at the same payment, and each gives it to another."""
    token = owner.token_on(page_of(stray))
    sent = {"csrf_token": token, "password": PASSWORD}
    owner.post(page_of(stray), {**sent, "email": GRACE})
    again = owner.post(page_of(stray), {**sent, "email": GRACE})
    assert f"The payment belongs to {GRACE} already" in owner.follow(again).text
    other = owner.post(page_of(stray), {**sent, "email": EDSGER})
    assert f"by now the payment belongs to {GRACE}" in owner.follow(other).text
    assert (premium(grace), premium(edsger)) == (OPEN, SHUT)
    assert told(app, "owner.bound") == 1


@on_each_database
def test_what_a_member_has_is_taken_from_them_and_given_to_another(
    owner: Browser,
    grace: Browser,
    edsger: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    assert f"This payment is {GRACE}’s" in owner.get(page_of(key)).text
    answer = unbinds(owner, key)
    assert "It is no longer" in owner.follow(answer).text
    assert premium(grace) == SHUT
    owner.submit(page_of(key), action=page_of(key), email=EDSGER, password=PASSWORD)
    assert (premium(grace), premium(edsger)) == (SHUT, OPEN)


def test_what_somebody_who_has_left_paid_is_no_page_and_nobodys(
    owner: Browser,
    grace: Browser,
    edsger: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    subscribes(grace, app, elsewhere, work)
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    token = token_on(owner, f"{page_of(key)}/unbind")
    assert says_goodbye(grace).status_code == HTTPStatus.SEE_OTHER
    assert owner.get(page_of(key)).status_code == HTTPStatus.NOT_FOUND
    sent = {"csrf_token": token, "password": PASSWORD, "email": EDSGER}
    for path in (page_of(key), f"{page_of(key)}/unbind"):
        assert owner.post(path, sent).status_code == HTTPStatus.NOT_FOUND
    assert premium(edsger) == SHUT


def test_what_is_left_alone_is_listed_apart_and_is_nobodys(
    owner: Browser, app: Flask, stray: str
) -> None:
    unbinds(owner, stray)
    page = owner.get("/admin/payments").text
    assert "Every payment has its member." in page
    assert "Left alone" in page
    again = unbinds(owner, stray)
    assert "It is nobody’s already." in owner.follow(again).text
    assert told(app, "owner.unbound") == 1


def test_who_asked_to_claim_it_is_a_candidate(owner: Browser, edsger: Browser, stray: str) -> None:
    edsger.submit("/claim", action="/claim", email=OTHER)
    page = owner.get(page_of(stray)).text
    assert EDSGER in page
    assert "asked for a code to claim it" in page


@pytest.mark.parametrize("key", ["cus_nobody", "cs_nobody", "x'--", "subscriptions"])
def test_there_is_no_page_for_what_nobody_bought(owner: Browser, key: str) -> None:
    assert owner.get(page_of(key)).status_code == HTTPStatus.NOT_FOUND


def test_without_a_token_nothing_happens(
    owner: Browser, grace: Browser, app: Flask, stray: str
) -> None:
    forged = owner.post(page_of(stray), {"email": GRACE, "password": PASSWORD})
    assert forged.status_code == HTTPStatus.BAD_REQUEST
    assert bound(app) == [(None, None)]


def test_the_list_asks_as_often_for_many_as_for_one(
    owner: Browser,
    app: Flask,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    stray: str,
    work: Work,
) -> None:
    def asks() -> int:
        with asked_of(app) as asked:
            assert owner.get("/admin/payments").status_code == HTTPStatus.OK
        assert read_whole(app, asked) == set()
        return len(asked)

    one = asks()
    for name in ("ada", "edsger"):
        pays_by_link(elsewhere, payment_link(app, sandbox), f"{name}+list@example.com")
    work()
    assert asks() == one
