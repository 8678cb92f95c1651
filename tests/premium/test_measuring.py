"""The example of a paid tool: a form, JSON, and work that is done behind them."""

from html import unescape
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts.models import User
from membership.config import ROOT
from membership.db import db
from membership.premium.drafts import Draft
from tests.support.browser import Browser
from tests.support.databases import on_each_database
from tests.support.leaving import says_goodbye
from tests.support.mail import Work
from tests.support.people import GRACE, is_granted

TEXT = "The lamp burns. Nobody who has <walked> past it at four would say so! Good."


def gives(member: Browser, text: str) -> None:
    answer = member.submit("/premium/measure", action="/premium/measure", text=text)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.location == "/premium/measure"


@on_each_database
def test_ada_gives_a_text_and_finds_it_measured(ada: Browser, work: Work) -> None:
    assert ada.get("/premium/measure.json").json == {"minutes": None, "longest": None}
    gives(ada, TEXT + " word" * 400)
    assert "We are reading it" in ada.get("/premium/measure").text
    work()
    page = unescape(ada.get("/premium/measure").text)
    assert "About 3 minutes" in page
    gives(ada, TEXT)  # in its place, and nothing of the first is said of it
    assert ada.get("/premium/measure.json").json == {"minutes": None, "longest": None}
    work()
    longest = "Nobody who has <walked> past it at four would say so!"
    assert ada.get("/premium/measure.json").json == {"minutes": 1, "longest": longest}
    page = ada.get("/premium/measure").text
    assert "<walked>" not in page
    assert "&lt;walked&gt;" in page


def test_what_is_no_text_is_kept_and_said(ada: Browser, app: Flask) -> None:
    for text in ("", "  \n ", "x" * 20_001):
        answer = ada.submit("/premium/measure", action="/premium/measure", text=text)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "There is a problem" in answer.text
    with app.app_context():
        assert db.session.query(Draft).count() == 0


@pytest.mark.parametrize("path", ["/premium/measure", "/premium/measure.json"])
def test_who_does_not_pay_neither_sees_nor_gives_anything(
    path: str, visitor: Browser, grace: Browser, edsger: Browser, app: Flask
) -> None:
    assert visitor.get(path).location == f"/login?next={path}"
    for person in (grace, edsger):
        assert person.get(path).status_code == HTTPStatus.PAYMENT_REQUIRED
        given = {"csrf_token": person.token_on("/plans"), "text": TEXT}
        assert person.post("/premium/measure", given).status_code == HTTPStatus.PAYMENT_REQUIRED
    with app.app_context():
        assert db.session.query(Draft).count() == 0


@on_each_database
@pytest.mark.usefixtures("listening")
def test_a_text_is_its_members_alone_and_goes_with_them(
    ada: Browser, grace: Browser, app: Flask, work: Work
) -> None:
    gives(ada, TEXT)
    work()
    with app.app_context():
        hers = db.session.scalars(select(User.id).where(User.email == GRACE)).one()
    is_granted(app, hers, ends_at=None)
    assert grace.get("/premium/measure.json").json == {"minutes": None, "longest": None}
    assert "Good." not in grace.get("/account/data").text
    assert "What you had measured." in ada.get("/account/data").text
    assert "Good." in ada.get("/account/data").text
    assert says_goodbye(ada).status_code == HTTPStatus.SEE_OTHER
    with app.app_context():
        assert db.session.query(Draft).count() == 0


def test_the_example_is_small() -> None:
    lines = [path.read_text().splitlines() for path in (ROOT / "membership/premium").glob("*.py")]
    assert sum(map(len, lines)) < 80
