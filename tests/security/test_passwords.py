"""Which passwords will do, how they are kept, and how they are changed."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts.models import User
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.mail import Work, code_for, mails_to
from tests.support.passwords import NEW, can_sign_in, changes
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import copy_of, everything_stored, is_in

TOLD = "Your password at Latchkey was changed"
MakeApp = Callable[..., Flask]


def hash_of(app: Flask, email: str) -> str:
    with app.app_context():
        stored = db.session.scalar(select(User.password_hash).where(User.email == email))
    assert stored is not None
    return stored


def test_s25_passwords_are_bcrypt_and_cost_more_from_the_next_sign_in(
    make_app: MakeApp, site_url: str
) -> None:
    cheap = make_app(BCRYPT_LOG_ROUNDS="4")
    opens_account(cheap, GRACE)
    assert hash_of(cheap, GRACE).startswith("$2b$04$")
    assert PASSWORD not in everything_stored(cheap)

    dear = make_app(BCRYPT_LOG_ROUNDS="5")
    assert not can_sign_in(Browser(dear, site_url), GRACE, "a wrong one, which changes nothing")
    assert hash_of(dear, GRACE).startswith("$2b$04$")
    assert can_sign_in(Browser(dear, site_url), GRACE, PASSWORD)
    assert hash_of(dear, GRACE).startswith("$2b$05$")
    assert can_sign_in(Browser(dear, site_url), GRACE, PASSWORD)

    cheaper = make_app(BCRYPT_LOG_ROUNDS="4")  # it is never lowered
    assert can_sign_in(Browser(cheaper, site_url), GRACE, PASSWORD)
    assert hash_of(cheaper, GRACE).startswith("$2b$05$")


def test_s25_the_cost_is_twelve_unless_somebody_says_otherwise(make_app: MakeApp) -> None:
    app = make_app(BCRYPT_LOG_ROUNDS="")
    opens_account(app, GRACE)
    assert hash_of(app, GRACE).startswith("$2b$12$")


@pytest.mark.parametrize(
    "password",
    ["qmzvtkwxjhrp", "пароль из многих слов", "🐎🔋📎✨🌊🍋 and  spaces "],
    ids=["twelve small letters", "another alphabet", "signs and spaces"],
)
def test_s26_any_twelve_characters_will_do(grace: Browser, password: str) -> None:
    assert changes(grace, password).status_code == HTTPStatus.SEE_OTHER
    grace.submit("/account", action="/logout")
    assert can_sign_in(grace, GRACE, password)


def test_s26_nothing_is_cut_off_at_the_end(grace: Browser) -> None:
    long = "correct horse battery staple, and a hundred characters of it go by, and then one more, "
    assert changes(grace, long + "a").status_code == HTTPStatus.SEE_OTHER
    grace.submit("/account", action="/logout")
    for shorter in (long, long[:72], long[:64]):
        assert not can_sign_in(grace, GRACE, shorter)
    assert can_sign_in(grace, GRACE, long + "a")


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("eleven char", "at least 12 characters"),
        ("correct horse " * 72, "at most 1000 characters"),
        ("passwordpassword", "first passwords anyone would guess"),
        ("ghjcnhfycndj", "first passwords anyone would guess"),  # only the list of long ones has it
        ("LOVE777321777", "first passwords anyone would guess"),
        ("grace@example.com", "too close to your name, your address"),
        ("LatchkeyLatchkey", "too close to your name, your address or the name of this site"),
        (PASSWORD, "This is the password you have"),
    ],
)
def test_s27_common_personal_short_and_endless_ones_are_refused_with_the_reason(
    grace: Browser, password: str, because: str
) -> None:
    refused = changes(grace, password)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert because in refused.text
    assert is_in(grace)


def test_s27_the_rule_is_the_same_when_joining(
    visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    visitor.submit("/", action="/subscribe", email=ADA)
    work()
    code = code_for(sandbox, ADA)
    for password in ("ghjcnhfycndj", "ada@example.com"):
        refused = visitor.submit("/join", action="/join", code=code, password=password)
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    joined = visitor.submit("/join", action="/join", code=code, password=NEW)
    assert joined.location == "/plans"  # no try was spent on what would not do


def test_s28_a_change_needs_the_password_there_is_and_its_owner_is_told(
    grace: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    for current in ("", "not her password"):
        refused = changes(grace, current=current)
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    work()
    assert TOLD not in mails_to(sandbox, GRACE)

    done = changes(grace)
    assert (done.status_code, done.location) == (HTTPStatus.SEE_OTHER, "/account/security")
    work()
    mail = sandbox.mailbox.latest(to=GRACE)
    assert mail.subject == TOLD
    assert f"{grace.site_url}/forgot" in mail.text
    assert "A browser on Linux, from 127.0.0.1" in mail.text
    assert "{" not in mail.text
    assert NEW not in mail.text + mail.html + everything_stored(app)
    grace.submit("/account", action="/logout")
    assert not can_sign_in(grace, GRACE, PASSWORD)
    assert can_sign_in(grace, GRACE, NEW)


def test_s28_guessing_the_current_one_from_a_stolen_session_is_stopped(
    grace: Browser, app: Flask
) -> None:
    thief = copy_of(grace, app)
    for _ in range(10):
        assert changes(thief, current="a guess").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    stopped = changes(thief)
    assert stopped.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert int(stopped.headers["Retry-After"]) > 0
    # Her own browser was let in by her password before: it has tries of its own.
    assert changes(grace).status_code == HTTPStatus.SEE_OTHER


def test_a_visitor_changes_nobodys_password(visitor: Browser, app: Flask) -> None:
    opens_account(app, ADA)
    assert visitor.get("/account/password").location == "/login?next=/account/password"
    signs_in(visitor, ADA)
    assert "Change your password" in visitor.get("/account/password").text
