"""From an address to an account: what a code opens, and what it never does."""

import io
import threading
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts import hashing
from membership.accounts.models import User
from membership.db import db
from membership.newsletter.models import Subscriber
from membership.waits import TooSoon
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for
from tests.support.people import ADA, GRACE, PASSWORD, opens_account
from tests.support.threads import at_once


def asks(visitor: Browser, email: str = ADA) -> TestResponse:
    return visitor.submit("/", action="/subscribe", email=email)


@pytest.fixture
def code(visitor: Browser, sandbox: Sandbox, work: Work) -> str:
    """Ada has left her address, and looks at the code in her mail."""
    asks(visitor)
    work()
    return code_for(sandbox, ADA)


def enters(visitor: Browser, code: str, password: str = "") -> TestResponse:
    return visitor.submit("/join", action="/join", code=code, password=password)


def accounts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(User.email)))


def confirmed(app: Flask) -> list[str]:
    with app.app_context():
        proven = select(Subscriber.email).where(Subscriber.confirmed_at.is_not(None))
        return list(db.session.scalars(proven))


def test_the_form_leads_to_the_code_page_which_knows_the_address(visitor: Browser) -> None:
    answer = asks(visitor)
    assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/join")
    assert ADA in visitor.follow(answer).text


@on_each_database
def test_code_and_password_open_an_account_signed_in(
    visitor: Browser, code: str, app: Flask
) -> None:
    answer = enters(visitor, code, PASSWORD)
    assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/plans")
    assert visitor.get("/account").status_code == HTTPStatus.OK
    assert accounts(app) == confirmed(app) == [ADA]


def test_the_code_alone_confirms_the_subscription_and_a_password_may_follow(
    visitor: Browser, code: str, app: Flask
) -> None:
    page = visitor.follow(enters(visitor, code))
    assert "The letters will come to ada@example.com" in page.text
    assert (accounts(app), confirmed(app)) == ([], [ADA])
    answer = visitor.submit("/join", action="/join", password=PASSWORD)
    assert answer.location == "/plans"
    assert accounts(app) == [ADA]


def test_a_code_can_be_pasted_as_it_stands_in_the_mail(visitor: Browser, code: str) -> None:
    assert enters(visitor, f" {code[:3]} {code[3:]} ", PASSWORD).location == "/plans"


def test_a_short_password_spends_nothing(visitor: Browser, code: str, app: Flask) -> None:
    refused = enters(visitor, code, "short")
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "at least 12" in refused.text
    assert f'value="{code}"' in refused.text  # what was typed is kept
    assert "short" not in refused.text
    assert accounts(app) == []
    assert enters(visitor, code, PASSWORD).location == "/plans"


def test_a_wrong_code_says_how_many_tries_are_left_and_keeps_the_code_alive(
    visitor: Browser, code: str
) -> None:
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert "You have 4 tries left" in enters(visitor, wrong, PASSWORD).text
    assert enters(visitor, code, PASSWORD).location == "/plans"


def test_a_code_works_once(visitor: Browser, code: str, app: Flask) -> None:
    enters(visitor, code)
    another = Browser(app, visitor.site_url)
    again = another.submit("/", action="/subscribe", email=ADA)  # too soon for another code
    assert again.location == "/join"
    refused = another.submit("/join", action="/join", code=code, password=PASSWORD)
    assert "cannot be used any more" in refused.text
    assert accounts(app) == []


def test_a_code_opens_its_own_address_only(visitor: Browser, code: str, app: Flask) -> None:
    visitor.get("/join?change=1")
    asks(visitor, GRACE)
    refused = visitor.submit("/join", action="/join", code=code, password=PASSWORD)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert accounts(app) == []


def test_nobody_gets_an_account_without_a_code(visitor: Browser, app: Flask) -> None:
    visitor.get("/")
    form = {"email": ADA, "password": PASSWORD, "proven": "1", "is_owner": "1"}
    with visitor.client.session_transaction(base_url=visitor.site_url) as session:
        assert "proven" not in session
    assert visitor.post("/join", form).status_code == HTTPStatus.BAD_REQUEST  # no token
    asks(visitor)
    refused = visitor.submit("/join", action="/join", code="", password=PASSWORD)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert accounts(app) == []


def test_somebody_with_an_account_is_led_to_sign_in_and_keeps_their_password(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    opens_account(app, ADA)
    assert asks(visitor).location == "/join"  # the same answer as for anybody
    work()
    mail = sandbox.mailbox.latest(to=ADA)
    assert "account" in mail.text
    answer = enters(visitor, code_for(sandbox, ADA), "another good password here")
    assert answer.location.startswith("/login")
    signed_in = visitor.submit("/login", action="/login", email=ADA, password=PASSWORD)
    assert signed_in.location == "/account"


def test_they_return_to_where_they_were_going(
    visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    visitor.get("/join?next=/posts")
    asks(visitor)
    work()
    assert enters(visitor, code_for(sandbox, ADA), PASSWORD).location == "/posts"


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "ada@example.com\r\nBcc: eve@example.com"])
def test_what_is_no_address_is_refused_and_kept_in_the_field(
    visitor: Browser, sandbox: Sandbox, work: Work, typed: str
) -> None:
    refused = asks(visitor, typed)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "There is a problem" in refused.text
    work()
    assert sandbox.mailbox.messages == []


@pytest.mark.parametrize("path", ["/subscribe", "/join", "/login", "/join/resend"])
def test_a_file_where_text_is_expected_is_refused(visitor: Browser, path: str) -> None:
    token = visitor.token_on("/")
    fields = ("email", "password", "code")
    files = {name: (io.BytesIO(b"x"), "a.txt") for name in fields}
    answer = visitor.client.post(
        path, data={"csrf_token": token, **files}, base_url=visitor.site_url
    )
    assert answer.status_code in (303, 422)


def test_a_crowd_of_passwords_leaves_threads_to_readers(app: Flask) -> None:
    """More than may wait at once are asked to come back, at once."""
    turned_away: list[int] = []
    may_go_on = threading.Event()
    hashing._queue.thread.submit(may_go_on.wait, 10)  # somebody's takes long

    def hash_one() -> None:
        with app.app_context():
            try:
                hashing.hash_password(PASSWORD)
            except TooSoon as wait:
                turned_away.append(wait.seconds)
            if len(turned_away) == 5:
                may_go_on.set()

    at_once(*[hash_one] * (hashing.IN_ALL + 5))
    assert len(turned_away) == 5
