"""Somebody who stopped the letters may join as anybody; the letters come back by the box alone."""

from datetime import timedelta

import pytest
from flask import Flask

from membership.db import transaction
from membership.newsletter import signup, subscribers, wording
from membership.newsletter.consents import Act, Place, Proof
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.mail import Work, code_for
from tests.support.mailerlite_has import set_up
from tests.support.people import GRACE, PASSWORD
from tests.support.readers import consents_of

AGAIN = "Send me the newsletter again"


@pytest.fixture
def reads(app: Flask, visitor: Browser, sandbox: Sandbox, work: Work) -> Reader:
    """Grace gets the letters, and her browser knows nothing of it."""
    set_up(app)
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, GRACE))
    work()
    visitor.get("/join?change=1")
    return Reader(sandbox, GRACE)


@pytest.fixture
def left(reads: Reader) -> Reader:
    """She unsubscribed by the link in one of them."""
    reads.unsubscribes_at_mailerlite()
    return reads


def joins(visitor: Browser, sandbox: Sandbox, work: Work, password: str = "") -> str:
    """She types her address on the newsletter form, and the code; what she reads then."""
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    answer = visitor.submit(
        "/join", action="/join", code=code_for(sandbox, GRACE), password=password
    )
    return visitor.follow(answer).text


def wants_letters(app: Flask) -> bool:
    with app.app_context(), transaction() as session:
        return subscribers.gets_letters(session, GRACE)


def test_an_account_opens_and_the_letters_stay_stopped(
    left: Reader, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    clock.passes(timedelta(days=2))
    page = joins(visitor, sandbox, work, PASSWORD)
    assert "Your account is open. You stopped the letters before, so none will come." in page
    work()
    assert left.listed["status"] == "unsubscribed"
    assert not wants_letters(app)


def test_with_the_code_alone_she_is_told_and_asked(
    left: Reader, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    clock.passes(timedelta(days=2))
    page = joins(visitor, sandbox, work)
    assert "You are subscribed" not in page
    assert "You stopped the letters" in page
    assert AGAIN in page
    refused = visitor.submit("/join", action="/join")
    assert "Choose a password" in refused.text  # nothing ticked, nothing typed
    work()
    assert left.listed["status"] == "unsubscribed"
    answer = visitor.submit("/join", action="/join", letters="y")
    assert "You are subscribed" in visitor.follow(answer).text
    work()
    assert left.listed["status"] == "active"
    assert "Free" in left.listed["groups"]
    said = consents_of(app, GRACE)[-1]
    assert (said.act, said.place, said.proof) == (Act.AGREED, Place.JOIN, Proof.CODE)
    assert said.agreed_to == wording.BOX_AGAIN
    assert wants_letters(app)


def test_box_and_password_are_both_done(
    left: Reader, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    clock.passes(timedelta(days=2))
    joins(visitor, sandbox, work)
    answer = visitor.submit("/join", action="/join", letters="y", password=PASSWORD)
    assert answer.location == "/plans"
    assert "the letters go to" in visitor.follow(answer).text
    work()
    assert left.listed["status"] == "active"


@pytest.mark.parametrize("fate", ["complains", "bounces"])
def test_where_no_letter_can_go_none_is_promised(
    reads: Reader, visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock, fate: str
) -> None:
    """MailerLite takes nobody back by its API whose mail came back, or who called it junk."""
    getattr(reads, fate)()
    clock.passes(timedelta(days=2))
    page = joins(visitor, sandbox, work)
    assert "No letters go to grace@example.com" in page
    assert "You are subscribed" not in page
    assert AGAIN not in page
    visitor.submit("/join", action="/join", password=PASSWORD)
    account = visitor.get("/account").text
    assert "Another address can have them" in account
    assert "Send me the letters" not in account
    token = visitor.token_on("/account")
    answer = visitor.post("/account/letters", {"csrf_token": token, "letters": "on"})
    assert "come to you again" not in visitor.follow(answer).text
    work()
    assert "The newsletter goes to" not in visitor.get("/account").text
    assert reads.listed["status"] in ("junk", "bounced")


def test_before_the_code_nobody_is_told_that_she_left(
    left: Reader, visitor: Browser, work: Work, clock: MovableClock
) -> None:
    clock.passes(timedelta(days=2))
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    page = visitor.get("/join").text
    assert "stopped" not in page
    assert AGAIN not in page


def test_who_left_by_our_own_page_is_treated_alike(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    with app.app_context(), transaction() as session:
        signup.confirm(session, GRACE, letters=True, now=clock())
        subscribers.stop_letters(session, GRACE, clock())
    assert AGAIN in joins(visitor, sandbox, work)
    assert not wants_letters(app)


def test_while_nobody_knows_whether_she_left_nothing_is_promised(
    visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    sandbox.mailerlite_fault = "down"
    page = joins(visitor, sandbox, work)
    assert "You are subscribed" not in page
    assert "The letters will come to grace@example.com, unless you stopped them before" in page
    answer = visitor.submit("/join", action="/join", password=PASSWORD)
    assert "Letters you stopped before stay stopped" in visitor.follow(answer).text
