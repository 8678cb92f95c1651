"""The link beside the code: it does what the code does, where the mail is read, once."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts.models import User
from membership.db import db, transaction
from membership.newsletter.codes import challenges, mail_links
from membership.newsletter.models import Challenge, Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for
from tests.support.people import ADA, EDSGER, GRACE, PASSWORD, opens_account
from tests.support.threads import at_once


@pytest.fixture
def link(visitor: Browser, sandbox: Sandbox, work: Work) -> str:
    """Ada has left her address; the path of the link in her mail."""
    sandbox.mailerlite_fault = "down"
    visitor.submit("/", action="/subscribe", email=ADA)
    work()
    mail = sandbox.mailbox.latest(to=ADA)
    assert "/join/link/" in mail.html
    found = re.search(r"http://[^/]+(/join/link/\S+)", mail.text)
    assert found
    return found[1]


@pytest.fixture
def phone(browser: Callable[[], Browser]) -> Browser:
    """Where Ada reads her mail: it has never been here."""
    return browser()


def confirmed(app: Flask) -> list[str]:
    with app.app_context():
        proven = select(Subscriber.email).where(Subscriber.confirmed_at.is_not(None))
        return list(db.session.scalars(proven))


@on_each_database
def test_it_confirms_in_another_browser_and_goes_on_there(
    link: str, phone: Browser, app: Flask
) -> None:
    page = phone.get(link)
    assert (page.status_code, ADA in page.text) == (HTTPStatus.OK, True)
    answer = phone.submit(link, action=link)
    assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/join")
    assert confirmed(app) == [ADA]
    assert "The letters will come to ada@example.com, unless" in phone.get("/join").text
    assert phone.submit("/join", action="/join", password=PASSWORD).location == "/plans"
    assert phone.get("/account").status_code == HTTPStatus.OK


def test_who_only_looks_spends_nothing(
    link: str, phone: Browser, visitor: Browser, sandbox: Sandbox, app: Flask
) -> None:
    for _ in range(3):  # a program that looks through mail
        assert phone.get(link).status_code == HTTPStatus.OK
        phone.client.head(link, base_url=phone.site_url)
        assert phone.post(link, {}).status_code == HTTPStatus.BAD_REQUEST
    assert confirmed(app) == []
    code = code_for(sandbox, ADA)
    assert visitor.submit("/join", action="/join", code=code, password=PASSWORD).location == (
        "/plans"
    )


def test_code_and_link_work_once_between_them(
    link: str, phone: Browser, visitor: Browser, sandbox: Sandbox, app: Flask
) -> None:
    phone.submit(link, action=link)
    code = code_for(sandbox, ADA)
    assert "cannot be used any more" in visitor.submit("/join", action="/join", code=code).text
    gone = phone.get(link)
    assert gone.status_code == HTTPStatus.GONE
    assert "confirmed already" in gone.text


def test_the_browser_that_asked_is_let_in_to_nothing_by_what_is_pressed_elsewhere(
    link: str, phone: Browser, visitor: Browser, app: Flask
) -> None:
    """A stranger asked with Ada's address, and she pressed."""
    phone.submit(link, action=link)
    assert "There is no code for" in visitor.get("/join").text
    visitor.submit("/join", action="/join", code="000000", password=PASSWORD)
    with app.app_context():
        assert db.session.scalars(select(User)).all() == []


@on_each_database
def test_pressed_twice_at_once_it_works_once(link: str, app: Flask, site_url: str) -> None:
    people = [Browser(app, site_url) for _ in range(4)]
    tokens = [person.token_on(link) for person in people]

    def press(person: Browser, token: str) -> int:
        return person.post(link, {"csrf_token": token}).status_code

    pairs = list(zip(people, tokens, strict=True))
    answers = at_once(*[lambda pair=pair: press(*pair) for pair in pairs])
    assert sorted(answers) == [303, 410, 410, 410]


def test_it_dies_with_its_code(link: str, phone: Browser, clock: MovableClock) -> None:
    clock.passes(timedelta(minutes=31))
    assert phone.get(link).status_code == HTTPStatus.GONE


def test_it_dies_of_the_tries_that_its_code_dies_of(
    link: str, phone: Browser, visitor: Browser, sandbox: Sandbox
) -> None:
    wrong = f"{(int(code_for(sandbox, ADA)) + 1) % 10**6:06}"
    for _ in range(5):
        visitor.submit("/join", action="/join", code=wrong)
    assert phone.get(link).status_code == HTTPStatus.GONE


def test_nobody_makes_one_up(link: str, phone: Browser, app: Flask) -> None:
    number, _, signature = link.removeprefix("/join/link/").partition(".")
    with app.app_context():
        ours = db.session.get_one(Challenge, int(number))
        code = challenges.code_of(ours)
    assert code not in link
    forged = [
        f"{number}.",
        f"{number}",
        f"{int(number) + 1}.{signature}",
        f"{number}.{signature[:-1]}",
        f"{number}.{signature}x",
        f"{number}.{'A' * len(signature)}",
        f"{'9' * 30}.{signature}",
        f"-1.{signature}",
        "x.y",
        f"{number}.é{signature[1:]}",
        f"²{number}.{signature}",
    ]
    for token in forged:
        assert phone.get(f"/join/link/{token}").status_code == HTTPStatus.GONE, token


def test_a_code_for_something_else_has_no_link(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        other = challenges.issue(session, ADA, "claim-1", now=clock())
        token = mail_links.token_of(other)
        assert mail_links.holder(session, token, now=clock()) is None


def test_the_page_tells_no_other_page_where_somebody_came_from(link: str, phone: Browser) -> None:
    for path in (link, "/join/link/1.x"):
        headers = phone.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_somebody_signed_in_confirms_the_other_address_and_stays_who_they_are(
    link: str, grace: Browser, app: Flask
) -> None:
    answer = grace.submit(link, action=link)
    assert answer.location == "/account"
    page = grace.follow(answer).text
    assert f"{ADA} is confirmed" in page
    assert GRACE in page
    assert ADA in confirmed(app)


def test_a_members_link_opens_no_second_account_and_changes_no_password(
    browser: Callable[[], Browser], sandbox: Sandbox, work: Work, app: Flask
) -> None:
    opens_account(app, EDSGER)
    browser().submit("/", action="/subscribe", email=EDSGER)
    work()
    found = re.search(r"http://[^/]+(/join/link/\S+)", sandbox.mailbox.latest(to=EDSGER).text)
    assert found
    phone = browser()
    phone.submit(found[1], action=found[1])
    answer = phone.submit("/join", action="/join", password="another good password here")
    assert answer.location.startswith("/login")
    assert (
        phone.submit("/login", action="/login", email=EDSGER, password=PASSWORD).location
        == "/account"
    )


def test_a_code_asked_for_only_to_get_in_brings_no_letters_by_its_link_either(
    visitor: Browser, phone: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    with visitor.client.session_transaction(base_url=visitor.site_url) as session:
        session["no_letters"] = True
    visitor.get("/join")
    token = visitor.token_on("/")
    visitor.post("/join/resend", {"csrf_token": token, "email": ADA})
    work()
    found = re.search(r"http://[^/]+(/join/link/\S+)", sandbox.mailbox.latest(to=ADA).text)
    assert found
    phone.submit(found[1], action=found[1])
    assert "Your address is confirmed" in phone.get("/join").text
    with app.app_context():
        assert not db.session.scalars(select(Subscriber)).one().letters
