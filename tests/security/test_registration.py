"""Joining by a code from a mail: what the code is worth, and what nobody learns from asking."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership.accounts.models import SignIn, User
from membership.config import ROOT
from membership.db import db
from membership.newsletter.models import Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.mail import Work, code_for, code_in, mails_to
from tests.support.passwords import asks_for_link
from tests.support.people import ADA, EDSGER, GRACE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import everything_stored, is_in, is_shut_out

Asks = Callable[..., str]


def leaves(browser: Browser, email: str) -> None:
    answer = browser.submit("/", action="/subscribe", email=email)
    assert answer.status_code == HTTPStatus.SEE_OTHER


def enters(browser: Browser, code: str, password: str = PASSWORD) -> int:
    return browser.submit("/join", action="/join", code=code, password=password).status_code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def accounts(app: Flask) -> list[str]:
    with app.app_context():
        return sorted(db.session.scalars(select(User.email)))


@pytest.fixture
def code_of(visitor: Browser, sandbox: Sandbox, work: Work) -> Asks:
    """Leave an address on the form, and read the code in its mail."""

    def ask(email: str = ADA, browser: Browser = visitor) -> str:
        leaves(browser, email)
        work()
        return code_for(sandbox, email)

    return ask


def test_s01_codes_are_six_digits_and_do_not_follow_each_other(
    browser: Callable[[], Browser], sandbox: Sandbox, work: Work
) -> None:
    people = [f"reader{n}@example.com" for n in range(60)]
    person = browser()
    for email in people:
        leaves(person, email)
    work()
    codes = [code_in(sandbox.mailbox.latest(to=email).subject) for email in people]
    assert all(re.fullmatch(r"\d{6}", code) for code in codes)
    assert len(set(codes)) >= 58  # out of a million, two alike are rare and no surprise
    steps = {int(after) - int(before) for before, after in pairwise(codes)}
    assert len(steps) >= 57
    assert len({code[0] for code in codes}) >= 6


def test_s02_a_code_dies_after_its_half_hour(
    visitor: Browser, code_of: Asks, app: Flask, clock: MovableClock
) -> None:
    code = code_of()
    clock.passes(timedelta(minutes=30))
    assert enters(visitor, code) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert accounts(app) == []


def test_s03_a_code_works_once(
    visitor: Browser, code_of: Asks, browser: Callable[[], Browser], app: Flask
) -> None:
    code = code_of()
    second = browser()
    assert enters(visitor, code) == HTTPStatus.SEE_OTHER
    token = second.token_on("/join")
    fields = {"csrf_token": token, "email": ADA, "code": code, "password": PASSWORD}
    assert second.post("/join", fields).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not is_in(second)
    assert accounts(app) == [ADA]


def test_s04_a_code_belongs_to_its_address_and_is_sent_again_as_it_was(
    code_of: Asks, browser: Callable[[], Browser], clock: MovableClock, app: Flask
) -> None:
    first, second = browser(), browser()
    adas = code_of(ADA, first)
    code_of(GRACE, second)
    assert enters(second, adas) == HTTPStatus.UNPROCESSABLE_ENTITY
    clock.passes(timedelta(minutes=2))
    assert code_of(ADA, browser()) == adas
    assert accounts(app) == []


def test_s05_five_wrong_codes_and_the_right_one_is_worth_nothing(
    visitor: Browser, code_of: Asks, app: Flask, clock: MovableClock, sandbox: Sandbox, work: Work
) -> None:
    code = code_of()
    for _ in range(5):
        assert enters(visitor, other_than(code)) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert enters(visitor, code) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert accounts(app) == []
    clock.passes(timedelta(minutes=2))
    fresh = code_of()
    assert fresh != code
    for _ in range(10):
        leaves(visitor, ADA)
        clock.passes(timedelta(minutes=2))
    work()
    assert len(mails_to(sandbox, ADA)) <= 10
    assert enters(visitor, fresh) == HTTPStatus.SEE_OTHER


def test_s07_nothing_is_opened_before_the_code_is_right(
    visitor: Browser, code_of: Asks, app: Flask
) -> None:
    code = code_of()
    token = visitor.token_on("/join")
    for skipped in (
        {"password": PASSWORD},
        {"email": ADA, "password": PASSWORD},
        {"email": ADA, "password": PASSWORD, "code": ""},
        {"email": ADA, "password": PASSWORD, "code": other_than(code)},
        {"email": ADA, "password": PASSWORD, "proven": ADA},
    ):
        answer = visitor.post("/join", {"csrf_token": token, **skipped})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(SignIn)) == 0
        assert db.session.scalars(select(Subscriber.confirmed_at)).all() == [None]
    assert accounts(app) == []
    assert not is_in(visitor)


def test_s08_a_known_address_is_answered_as_an_unknown_one_and_its_owner_is_told(
    app: Flask, browser: Callable[[], Browser], sandbox: Sandbox, work: Work
) -> None:
    opens_account(app, ADA)

    def answers(email: str) -> list[tuple[int, str | None, str]]:
        person = browser()
        told: list[tuple[int, str | None, str]] = []
        answer = person.submit("/", action="/subscribe", email=email)
        page = person.follow(answer)
        wrong = person.submit("/join", action="/join", code="000000", password=PASSWORD)
        for each in (answer, page, wrong):
            text = each.text
            for token in re.findall(r'name="csrf_token" value="([^"]+)"', text):
                text = text.replace(token, "token")
            told.append((each.status_code, each.location, text.replace(email, "address")))
        return told

    assert answers(ADA) == answers("new@example.com")
    work()
    assert "You have an account at this address already" in sandbox.mailbox.latest(to=ADA).text
    assert "account" not in sandbox.mailbox.latest(to="new@example.com").text


def test_s09_one_spelling_of_an_address_and_one_address_at_a_time(
    visitor: Browser, code_of: Asks, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    assert enters(visitor, code_of()) == HTTPStatus.SEE_OTHER
    visitor.submit("/account", action="/logout")
    token = visitor.token_on("/")
    for typed in (
        f"{ADA}\r\nBcc: z@example.com",
        f"{ADA},z@example.com",
        f"{ADA} z@example.com",
        f"Ada <{ADA}>",
        "ada@example.com\0",
    ):
        refused = visitor.post("/subscribe", {"csrf_token": token, "email": typed})
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, typed
    assert asks_for_link(visitor, " ADA@Example.COM ").status_code == HTTPStatus.SEE_OTHER
    signs_in(visitor, "Ada@EXAMPLE.com")
    work()
    assert {mail.to for mail in sandbox.mailbox.messages} == {ADA}
    assert accounts(app) == [ADA]


def test_s10_the_code_is_in_the_mail_and_nowhere_else(
    visitor: Browser,
    code_of: Asks,
    app: Flask,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = code_of()
    spaced = f"{code[:3]} {code[3:]}"
    pages = [visitor.get(path).text for path in ("/join", "/", "/login", "/forgot")]
    answer = visitor.submit("/join", action="/join", code=code, password=PASSWORD)
    pages += [visitor.follow(answer).text, str(answer.headers), visitor.get("/account/why").text]
    said = capfd.readouterr()
    for place in (*pages, caplog.text, said.out, said.err, everything_stored(app)):
        assert code not in place
        assert spaced not in place


def test_s11_one_answer_for_unknown_wrong_and_disabled(
    app: Flask, browser: Callable[[], Browser]
) -> None:
    opens_account(app, ADA)
    opens_account(app, EDSGER)
    is_shut_out(app, EDSGER)

    def answer(email: str, password: str) -> tuple[int, str]:
        refused = browser().submit("/login", action="/login", email=email, password=password)
        token = refused.text.split('name="csrf_token" value="')[1].split('"')[0]
        return refused.status_code, refused.text.replace(token, "token").replace(email, "address")

    unknown = answer("nobody@example.com", PASSWORD)
    assert unknown[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert answer(ADA, "not her password") == unknown
    assert answer(EDSGER, PASSWORD) == unknown


def test_s16_there_is_nobody_on_a_fresh_site_and_an_owner_comes_by_a_command(
    visitor: Browser, app: Flask
) -> None:
    assert accounts(app) == []
    told = "\n".join(
        path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    )
    written = re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", told)
    assert written
    for email in {"admin", "admin@example.com", *written}:
        refused = visitor.submit("/login", action="/login", email=email, password="admin")
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert not is_in(visitor)
    done = app.test_cli_runner().invoke(args=["owner", "add", ADA])
    assert done.exit_code != 0  # the address is proven first, like everybody's
    assert accounts(app) == []
