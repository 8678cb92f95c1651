"""The code arrives, whatever MailerLite does, and the list stays true."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from membership.db import db
from membership.newsletter.codes import delivery
from membership.newsletter.models import CodeSend, Subscriber
from sandbox.server import Sandbox
from tests.support.asked import Asked, asked_of
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for, mails_to
from tests.support.mailerlite_has import listed, may_be_called_again, set_up
from tests.support.people import ADA, PASSWORD, opens_account
from tests.support.working import works

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def groups_and_field(app: Flask) -> None:
    set_up(app)


def asks(visitor: Browser) -> None:
    visitor.submit("/", action="/subscribe", email=ADA)


def again(visitor: Browser) -> int:
    return visitor.submit("/join", action="/join/resend").status_code


def confirms(visitor: Browser, sandbox: Sandbox) -> None:
    answer = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA))
    assert answer.location == "/join"


def sends(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(
            select(CodeSend.channel, CodeSend.state).order_by(CodeSend.id)
        ).all()
    return [(channel, str(state)) for channel, state in rows]


@on_each_database
def test_the_newsletters_code_goes_through_mailerlite(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "handed over")]
    found = listed(sandbox, ADA)
    assert found
    assert found.groups == {"Verify"}
    assert found.fields == {"verification_code": code_for(sandbox, ADA)}
    assert len(mails_to(sandbox, ADA)) == 1


def test_once_proven_they_are_in_the_free_group_and_the_code_is_gone_from_there(
    visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    asks(visitor)
    work()
    confirms(visitor, sandbox)
    work()
    found = listed(sandbox, ADA)
    assert found
    assert (found.status, found.groups, found.fields) == ("active", {"Free"}, {})


@pytest.mark.parametrize("fault", ["down", "refuse", "limit"])
def test_while_mailerlite_cannot_the_code_goes_by_smtp_and_the_list_catches_up(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock, fault: str
) -> None:
    sandbox.mailerlite_fault = fault
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]
    confirms(visitor, sandbox)
    work()
    sandbox.mailerlite_fault = None
    assert listed(sandbox, ADA) is None
    clock.passes(MINUTE)
    may_be_called_again(app)
    work()
    found = listed(sandbox, ADA)
    assert found
    assert found.groups == {"Free"}


def test_pressing_resend_sends_the_same_code_by_smtp(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock, app: Flask
) -> None:
    asks(visitor)
    work()
    first = code_for(sandbox, ADA)
    assert again(visitor) == 429  # at once is too soon
    clock.passes(MINUTE)
    assert again(visitor) == 303
    work()
    assert code_for(sandbox, ADA) == first
    assert [channel for channel, _ in sends(app)] == ["mailerlite", "smtp"]


def test_the_button_to_send_again_is_never_ready_before_we_are(
    visitor: Browser, clock: MovableClock
) -> None:
    asks(visitor)
    clock.passes(MINUTE - timedelta(milliseconds=400))
    assert 'data-wait="1"' in visitor.get("/join").text
    assert again(visitor) == 429


def test_three_minutes_of_silence_send_the_same_code_by_smtp(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    first = code_for(sandbox, ADA)
    clock.passes(2 * MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 1
    clock.passes(MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 2
    assert code_for(sandbox, ADA) == first
    clock.passes(10 * MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 2


def test_a_code_that_was_used_is_not_sent_again(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    confirms(visitor, sandbox)
    clock.passes(5 * MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 1


def test_a_second_code_the_same_day_goes_by_smtp(
    visitor: Browser, work: Work, clock: MovableClock, app: Flask
) -> None:
    asks(visitor)
    work()
    clock.passes(timedelta(hours=2))
    asks(visitor)
    work()
    assert [channel for channel, _ in sends(app)][-1] == "smtp"


def test_ten_codes_a_day_are_enough(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    for _ in range(40):
        asks(visitor)
        clock.passes(20 * MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) <= 11  # the silent one through MailerLite counts twice


def test_a_members_code_goes_by_smtp_and_nobody_is_put_on_a_list(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    opens_account(app, ADA)
    asks(visitor)
    with app.app_context():
        assert [send.channel for send in db.session.query(CodeSend)] == ["smtp"]
    work()
    assert len(mails_to(sandbox, ADA)) == 1


def test_an_address_never_proven_is_taken_off_the_list_after_a_week(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    clock.passes(timedelta(days=6))
    work()
    assert listed(sandbox, ADA)
    clock.passes(timedelta(days=1, minutes=1))
    work()
    assert listed(sandbox, ADA) is None


def test_somebody_who_asks_again_after_that_week_has_another_one(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    clock.passes(timedelta(days=8))
    work()
    asks(visitor)
    work()
    work()
    assert listed(sandbox, ADA)
    clock.passes(timedelta(days=7, minutes=1))
    work()
    assert listed(sandbox, ADA) is None


def test_somebody_who_unsubscribed_there_joins_by_smtp_and_stays_unsubscribed(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    sandbox.mailerlite_fault = None
    unsubscribed(sandbox, ADA)
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]
    answer = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA), password=PASSWORD)
    assert answer.location == "/plans"
    work()
    found = listed(sandbox, ADA)
    assert found
    assert found.status == "unsubscribed"
    with app.app_context():
        assert db.session.query(Subscriber).one().status == "unsubscribed"


def unsubscribed(sandbox: Sandbox, email: str) -> None:
    """Somebody who left the list long ago."""
    answer = requests.post(
        f"{sandbox.mailerlite_base}/subscribers",
        json={"email": email, "status": "unsubscribed"},
        headers={"Authorization": "Bearer sandbox"},
        timeout=10,
    )
    assert answer.ok, answer.text


@pytest.mark.parametrize("delivery", ["smtp", "auto"])
def test_without_mailerlite_codes_go_by_smtp(
    make_app: Callable[..., Flask], site_url: str, sandbox: Sandbox, delivery: str
) -> None:
    app = make_app(MAILERLITE_API_KEY="", CODE_DELIVERY=delivery)
    visitor = Browser(app, site_url)
    asks(visitor)
    works(app)
    assert code_for(sandbox, ADA)
    assert listed(sandbox, ADA) is None


def test_a_sweep_with_nothing_to_do_goes_through_nobodys_codes(
    visitor: Browser, work: Work, app: Flask
) -> None:
    asks(visitor)
    work()
    with asked_of(app) as asked, app.app_context():
        delivery.drain()
    decoys, askers = plans(app, asked)
    assert "ix_challenges_decoys" in decoys
    assert "ix_code_sends_askers" in askers


def plans(app: Flask, asked: Asked) -> list[str]:
    """How the database goes about what the sweep asks besides what is due."""
    with app.app_context(), db.engine.connect() as connection:
        return [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all())
            for statement, given in asked
            if statement.startswith("SELECT") and "due_at <=" not in statement
        ]
