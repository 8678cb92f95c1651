"""What a thief has under way while the owner of an account shuts them out comes to nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from threading import Event
from time import monotonic, sleep

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts import hashing, moving, password_setting
from membership.accounts.address_changes import AddressChange
from membership.accounts.models import User
from membership.accounts.resetting import resets
from membership.db import db, transaction
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for, mails_to
from tests.support.moving import NEW as NEW_ADDRESS
from tests.support.moving import asks, moves
from tests.support.passwords import NEW, changes
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import copy_of, is_in

THIEF = "thief@example.com"


@contextmanager
def hashing_held() -> Iterator[None]:
    """Passwords are looked at when this is over: until then, whoever asks waits in line."""
    may_go_on = Event()
    hashing._queue.thread.submit(may_go_on.wait, 10)
    try:
        yield
    finally:
        may_go_on.set()


def waits_in_line() -> None:
    until = monotonic() + 10
    while not hashing._queue.thread._work_queue.qsize():
        assert monotonic() < until
        sleep(0.005)


def the_owner_changes_the_password(app: Flask, email: str, clock: MovableClock) -> None:
    with app.test_request_context(), transaction() as rows:
        user = rows.scalars(select(User).where(User.email == email)).one()
        password_setting.replace(rows, user, "$2b$04$" + "." * 53, now=clock())


def meanwhile(app: Flask, clock: MovableClock, act: Callable[[], TestResponse]) -> TestResponse:
    """The answer to an act whose password was the right one when it was sent, and is not by now."""
    with ThreadPoolExecutor(1) as thread:
        with hashing_held():
            under_way = thread.submit(act)
            waits_in_line()
            the_owner_changes_the_password(app, ADA, clock)
        return under_way.result()


@on_each_database
def test_who_signs_in_with_the_old_password_while_it_is_changed_is_not_let_in(
    app: Flask, browser: Callable[[], Browser], clock: MovableClock
) -> None:
    opens_account(app, ADA)
    thief = browser()
    fields = {"csrf_token": thief.token_on("/login"), "email": ADA, "password": PASSWORD}
    answer = meanwhile(app, clock, lambda: thief.post("/login", fields))
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "The address or the password is not right" in answer.text
    assert not is_in(thief)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/password", {"new_password": NEW}),
        ("/account/security", {"others": "Sign out all of them"}),
        ("/account/email", {"email": THIEF}),
    ],
)
def test_a_stolen_session_that_ends_meanwhile_changes_nothing(
    ada: Browser,
    app: Flask,
    clock: MovableClock,
    sandbox: Sandbox,
    work: Work,
    path: str,
    fields: dict[str, str],
) -> None:
    thief = copy_of(ada, app)
    sent = {"csrf_token": thief.token_on(path), "password": PASSWORD, **fields}
    answer = meanwhile(app, clock, lambda: thief.post(path, sent))
    assert answer.location == "/login"
    assert "nothing was done" in thief.get("/login").text
    assert not is_in(thief)
    work()
    assert mails_to(sandbox, THIEF) == []
    with app.app_context():
        (kept,) = db.session.scalars(select(User.password_hash))
    assert kept == "$2b$04$" + "." * 53


@on_each_database
def test_a_code_entered_while_the_change_is_taken_back_moves_nobody_again(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """The thief has moved Grace once, and has the code for a second move at hand."""
    moves(grace, sandbox, work)
    asks(grace, THIEF)
    work()
    fields = {"csrf_token": grace.token_on("/account/email"), "code": code_for(sandbox, THIEF)}
    with app.test_request_context(), ThreadPoolExecutor(1) as thread:
        with transaction() as rows:
            change = rows.scalars(select(AddressChange)).one()
            moving.undo(rows, change, now=clock())
            rows.flush()
            under_way = thread.submit(grace.post, "/account/email/code", fields)
            sleep(0.2)  # they are let in still, and wait for us
        assert under_way.result().location in ("/login", "/login?next=/account/email")
        assert list(db.session.scalars(select(User.email))) == [GRACE]


def test_a_link_for_a_new_password_does_not_go_where_the_account_is_not_any_more(
    app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """It was asked for at the very moment in which the account moved away."""
    opens_account(app, ADA)
    with app.test_request_context(), transaction() as rows:
        resets.ask(rows, ADA, now=clock())
        rows.scalars(select(User)).one().email = NEW_ADDRESS
    work()
    assert mails_to(sandbox, ADA) == []


def test_a_changed_password_forgets_the_devices_that_were_known(
    ada: Browser, browser: Callable[[], Browser]
) -> None:
    """Who knew the old one has no tries of their own, however many devices they once signed in."""
    thief = signs_in(browser(), ADA)
    thief.submit("/account", action="/logout")
    changes(ada)
    guessed = [
        thief.submit("/login", action="/login", email=ADA, password="a wrong guess").status_code
        for _ in range(10)
    ]
    assert HTTPStatus.TOO_MANY_REQUESTS not in guessed
    stranger = browser().submit("/login", action="/login", email=ADA, password="a wrong guess")
    assert stranger.status_code == HTTPStatus.TOO_MANY_REQUESTS
    ada.submit("/account", action="/logout")
    again = ada.submit("/login", action="/login", email=ADA, password=NEW)
    assert again.status_code == HTTPStatus.SEE_OTHER
