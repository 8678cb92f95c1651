"""The address of an account changes hands only with its password and a code (S33, S34)."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts import moving
from membership.accounts.address_changes import AddressChange
from membership.accounts.models import User
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.mail import Work, code_for, mails_to
from tests.support.moving import NEW, asks, enters, moves, way_back
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in

DAY = timedelta(days=1)


def addresses(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(User.email).order_by(User.id)))


def may_sign_in(browser: Browser, email: str) -> bool:
    answer = browser.submit("/login", action="/login", email=email, password=PASSWORD)
    return answer.status_code == HTTPStatus.SEE_OTHER


def seen(page: str, email: str) -> str:
    """What somebody sees who does not look at the address they typed."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page).replace(email, "…")


def not_(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_s33_an_address_is_changed_with_the_password_and_a_code_and_the_old_one_is_told(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    assert asks(grace).location == "/account/email"
    work()
    assert addresses(app) == [GRACE]
    assert may_sign_in(visitor, GRACE)
    assert mails_to(sandbox, GRACE)[-1] == "Your address at Latchkey is to be changed"
    code = code_for(sandbox, NEW)
    assert enters(grace, not_(code)).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert addresses(app) == [GRACE]
    assert enters(grace, code).location == "/account"
    work()
    assert addresses(app) == [NEW]
    assert mails_to(sandbox, GRACE)[-1] == "Your address at Latchkey was changed"


def test_s33_a_stolen_session_changes_no_address(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    before = len(mails_to(sandbox, GRACE))
    answer = asks(grace, password="what a thief would try")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "That is not your password" in answer.text
    work()
    assert mails_to(sandbox, NEW) == []
    assert len(mails_to(sandbox, GRACE)) == before
    # Nor do the two doors behind that one, found by hand.
    token = grace.token_on("/account/email")
    for door in ("code", "resend"):
        fields = {"csrf_token": token, "email": NEW, "code": "123456"}
        assert grace.post(f"/account/email/{door}", fields).location == "/account/email"
    work()
    assert mails_to(sandbox, NEW) == []
    assert addresses(app) == [GRACE]


def test_s33_the_way_back_is_a_page_with_a_button_and_shuts_the_thief_out(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    moves(grace, sandbox, work)
    path = way_back(sandbox)
    for _ in range(3):  # whoever looks through mail opens it first
        page = visitor.get(path)
        assert GRACE in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert addresses(app) == [NEW]

    answer = visitor.submit(path, action=path)
    assert answer.location == "/forgot"
    assert f'value="{GRACE}"' in visitor.get("/forgot").text
    assert addresses(app) == [GRACE]
    assert grace.get("/account").location == "/login?next=/account"
    assert not may_sign_in(visitor, GRACE)
    assert not may_sign_in(visitor, NEW)

    visitor.submit("/forgot", action="/forgot", email=GRACE)
    work()
    link = re.search(r"/reset/\S+", sandbox.mailbox.latest(to=GRACE).text)
    assert link
    visitor.submit(link[0], action=link[0], password="another lamp, further down")
    assert visitor.get("/account").status_code == HTTPStatus.OK


def test_s33_the_way_back_works_once_for_some_days_and_only_as_it_was_signed(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    moves(grace, sandbox, work)
    path = way_back(sandbox)
    for forged in (
        f"{path[:-1]}{'0' if path[-1] != '0' else '1'}",
        path.split(".")[0],
        "/account/email/undo/é.1",
    ):
        assert "cannot be taken back" in visitor.get(forged).text
    clock.passes(8 * DAY)
    assert "cannot be taken back" in visitor.get(path).text
    clock.passes(-2 * DAY)
    assert visitor.submit(path, action=path).location == "/forgot"
    assert "cannot be taken back" in visitor.get(path).text
    token = visitor.token_on("/login")
    assert visitor.post(path, {"csrf_token": token}).location == path
    assert addresses(app) == [GRACE]


def test_the_way_back_is_there_when_the_secret_key_was_changed_meanwhile(
    grace: Browser, sandbox: Sandbox, work: Work, site_url: str, make_app: Callable[..., Flask]
) -> None:
    moves(grace, sandbox, work)
    old, new = "k" * 32, "n" * 32
    with make_app(SECRET_KEY=old).app_context():
        path = f"/account/email/undo/{moving.undo_token(db.session.query(AddressChange).one())}"
    leaked = Browser(make_app(SECRET_KEY=new), site_url)
    assert "cannot be taken back" in leaked.get(path).text
    changed = Browser(make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=old), site_url)
    assert changed.submit(path, action=path).location == "/forgot"


def test_s33_a_second_change_does_not_take_the_first_ones_way_back(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    moves(grace, sandbox, work)
    path = way_back(sandbox)
    moves(grace, sandbox, work, "thief@example.com")
    visitor.submit(path, action=path)
    assert addresses(app) == [GRACE]
    later = way_back(sandbox, NEW)
    assert "cannot be taken back" in visitor.get(later).text


def test_s33_a_link_for_a_new_password_at_the_old_address_opens_nothing_any_more(
    grace: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    visitor.submit("/forgot", action="/forgot", email=GRACE)
    work()
    link = re.search(r"/reset/\S+", sandbox.mailbox.latest(to=GRACE).text)
    assert link
    assert visitor.get(link[0]).status_code == HTTPStatus.OK
    moves(grace, sandbox, work)
    assert visitor.get(link[0]).status_code == HTTPStatus.GONE


def test_s34_an_address_with_an_account_is_not_told_apart(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    opens_account(app, ADA)
    told = []
    for email in (NEW, ADA):
        answer = asks(grace, email)
        page, wrong = grace.get("/account/email").text, enters(grace, "000000").text
        told.append((answer.status_code, answer.location, seen(page, email), seen(wrong, email)))
        work()
    assert told[0] == told[1]
    assert mails_to(sandbox, ADA)[-1] == "You have an account at Latchkey already"
    assert GRACE not in sandbox.mailbox.latest(to=ADA).text
    assert addresses(app) == [GRACE, ADA]


def test_s34_an_address_that_was_taken_meanwhile_cannot_be_moved_to(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    asks(grace)
    work()
    code = code_for(sandbox, NEW)
    opens_account(app, NEW)
    answer = enters(grace, code)
    assert "That code cannot be used any more" in answer.text
    assert addresses(app) == [GRACE, NEW]


def test_another_members_code_moves_nobody(
    grace: Browser, ada: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(grace)
    work()
    code = code_for(sandbox, NEW)
    clock.passes(timedelta(minutes=2))
    asks(ada)
    assert enters(ada, code).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert NEW not in addresses(app)


def test_nobody_goes_back_to_an_address_that_is_anothers_by_now(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    moves(grace, sandbox, work)
    path = way_back(sandbox)
    opens_account(app, GRACE)
    answer = visitor.submit(path, action=path)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert addresses(app) == [NEW, GRACE]
    assert grace.get("/account").status_code == HTTPStatus.OK


@pytest.mark.parametrize("email", [GRACE, GRACE.upper(), "no address", ""])
def test_what_is_no_new_address_spends_nothing(
    grace: Browser, sandbox: Sandbox, work: Work, email: str
) -> None:
    before = len(sandbox.mailbox.messages)
    assert asks(grace, email).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    work()
    assert len(sandbox.mailbox.messages) == before


def test_the_new_address_signs_in_and_the_old_one_does_not(
    grace: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    moves(grace, sandbox, work)
    assert not may_sign_in(visitor, GRACE)
    signs_in(visitor, NEW)
    assert NEW in visitor.get("/account").text
