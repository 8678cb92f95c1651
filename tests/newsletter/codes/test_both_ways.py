"""What fails one way goes the other at once, never more than once each, and nobody is told what is
not so."""

import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.db import db
from membership.newsletter.models import CodeSend, Subscriber
from sandbox.mailerlite import automations
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.conftest import MakeApp
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for, mail_server, mails_to
from tests.support.mailerlite_has import listed, set_up
from tests.support.people import ADA, GRACE, PASSWORD, opens_account
from tests.support.ports import free_ports

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def groups_and_field(app: Flask) -> None:
    set_up(app)


def asks(visitor: Browser, email: str = ADA) -> None:
    assert visitor.submit("/", action="/subscribe", email=email).location == "/join"


def sends(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.execute(
            select(CodeSend.channel, CodeSend.state).order_by(CodeSend.id)
        ).all()
    return [(channel, str(state)) for channel, state in rows]


def why(app: Flask) -> str:
    """What the owner reads of the last send that failed."""
    with app.app_context():
        failed = select(CodeSend.last_error).where(CodeSend.last_error.is_not(None))
        return str(db.session.scalars(failed.order_by(CodeSend.id.desc())).first())


def said(visitor: Browser) -> str:
    """Which of the sentences about their code the page has."""
    page = visitor.get("/join").text
    sentences = ("We are sending a", "should have come by now", "no code for")
    found = [each for each in sentences if each in page]
    assert len(found) == 1, page
    return found[0]


def automation(sandbox: Sandbox, **changed: object) -> None:
    """As the owner sets it on MailerLite's page."""
    [only] = sandbox.lists.store.find("automation")
    automations.set_up(sandbox.lists, only["id"], **changed)


@pytest.fixture
def without_mail(make_app: MakeApp, clock: MovableClock) -> Callable[[int], tuple[Flask, Work]]:
    """The same site with this mail server instead; and what its worker does."""

    def make(port: int) -> tuple[Flask, Work]:
        app = make_app(MAIL_PORT=str(port))
        jobs = app.extensions["jobs"]

        def work() -> None:
            with app.app_context():
                jobs.sweep()

        return app, work

    return make


# What MailerLite answers → what the owner reads of it
ANSWERS = {
    "unauthorized": "401",
    "forbidden": "403",
    "missing": "404",
    "refuse": "422",
    "bare": "422",
    "limit": "429",
    "error": "500",
    "gateway": "50",
    "down": "503",
}


@pytest.mark.parametrize("fault", ANSWERS)
def test_whatever_mailerlite_answers_the_code_comes_and_the_address_is_kept(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock, fault: str
) -> None:
    sandbox.mailerlite_fault = fault
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]
    assert ANSWERS[fault] in why(app)
    answer = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA), password=PASSWORD)
    assert answer.location == "/plans"
    with app.app_context():
        kept = db.session.scalars(select(Subscriber)).one()
        assert (kept.email, kept.letters) == (ADA, True)
    clock.passes(MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 1  # the code went once
    assert ANSWERS[fault] in why(app)  # and the owner can read why not by MailerLite


@pytest.mark.parametrize("call", ["DELETE *", "POST subscribers/*/groups/*", "GET automations"])
def test_half_way_through_it_is_the_same(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, call: str
) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "error", call
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]


@pytest.mark.parametrize("switch", [{"enabled": False}, {"complete": False}, {"broken": True}])
def test_an_automation_that_is_off_costs_nobody_three_minutes(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, switch: dict[str, bool]
) -> None:
    automation(sandbox, **switch)
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]
    assert "no automation that is switched on" in why(app)


def test_an_automation_whose_mail_fails_is_found_out_before_the_three_minutes(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    automation(sandbox, mail_fails=True)
    asks(visitor)
    work()
    assert sends(app) == [("mailerlite", "handed over")]
    clock.passes(MINUTE)
    work()
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "sent")]
    assert "could not be sent" in why(app)


@on_each_database
def test_what_mailerlite_says_it_sent_is_sent_and_after_three_minutes_comes_once_more(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    clock.passes(MINUTE)
    work()
    assert sends(app) == [("mailerlite", "sent")]
    clock.passes(2 * MINUTE)
    work()
    work()
    assert sends(app) == [("mailerlite", "sent"), ("smtp", "sent")]
    clock.passes(10 * MINUTE)
    work()
    assert len(mails_to(sandbox, ADA)) == 2
    assert len(set(mails_to(sandbox, ADA))) == 2  # one of ours, one of theirs
    assert visitor.submit("/join", action="/join", code=code_for(sandbox, ADA)).location == "/join"


@on_each_database
def test_a_mail_of_mailerlites_that_bounces_is_followed_by_ours(
    make_app: MakeApp, sandbox: Sandbox, site_url: str
) -> None:
    app = make_app(MAILERLITE_WEBHOOK_SECRET="yaEgW3JvHz")
    asks(Browser(app, site_url))
    with app.app_context():
        app.extensions["jobs"].sweep()
    Reader(sandbox, ADA).bounces()
    bounced = {"event": "subscriber.bounced", **Reader(sandbox, ADA).listed}
    raw = json.dumps(bounced).encode()
    signed = {"Signature": hmac.digest(b"yaEgW3JvHz", raw, sha256).hex()}
    told = app.test_client().post("/webhooks/mailerlite", data=raw, headers=signed)
    assert told.status_code == HTTPStatus.OK
    with app.app_context():
        for kind in ("inbox", "codes", "outbox"):  # each nudges the next
            app.extensions["jobs"].kinds[kind]()
    assert sends(app) == [("mailerlite", "bounced"), ("smtp", "sent")]


def test_an_address_known_to_have_unsubscribed_is_not_even_tried_there(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    asks(visitor)
    work()
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    clock.passes(timedelta(days=2))
    asks(visitor)
    work()  # MailerLite says so
    clock.passes(timedelta(days=2))
    asks(visitor)
    work()
    assert sends(app)[-3:] == [("mailerlite", "failed"), ("smtp", "sent"), ("smtp", "sent")]


def test_a_mail_server_that_refuses_the_recipient_leaves_it_to_mailerlite(
    without_mail: Callable[[int], tuple[Flask, Work]],
    sandbox: Sandbox,
    clock: MovableClock,
    site_url: str,
) -> None:
    with mail_server("550 5.1.1 no such user") as port:
        app, work = without_mail(port)
        visitor = Browser(app, site_url)
        sandbox.mailerlite_fault = "down"
        asks(visitor)
        work()
        work()
        assert sends(app) == [("mailerlite", "failed"), ("smtp", "failed")]
        clock.passes(MINUTE / 2)
        sandbox.mailerlite_fault = None
        work()
        assert sends(app) == [("mailerlite", "handed over"), ("smtp", "failed")]
        for _ in range(8):  # and that is all: they do not take turns
            clock.passes(3 * MINUTE)
            work()
        assert [channel for channel, _ in sends(app)] == ["mailerlite", "smtp"]
    assert visitor.submit("/join", action="/join", code=code_for(sandbox, ADA)).status_code == 303


def test_a_resend_that_the_mail_server_refuses_goes_by_mailerlite_if_that_has_not_mailed_today(
    without_mail: Callable[[int], tuple[Flask, Work]],
    sandbox: Sandbox,
    clock: MovableClock,
    site_url: str,
) -> None:
    with mail_server("550 5.1.1 no such user") as port:
        app, work = without_mail(port)
        visitor = Browser(app, site_url)
        asks(visitor)  # MailerLite mails it
        work()
        clock.passes(2 * MINUTE)
        visitor.submit("/join", action="/join/resend")
        work()
        work()
        assert sends(app) == [("mailerlite", "sent"), ("smtp", "failed")]
        assert len(Reader(sandbox, ADA).letters) == 1


def test_with_both_down_the_code_leaves_when_the_first_is_up_again(
    without_mail: Callable[[int], tuple[Flask, Work]],
    sandbox: Sandbox,
    clock: MovableClock,
    site_url: str,
) -> None:
    app, work = without_mail(free_ports(1)[0])  # nobody listens there
    visitor = Browser(app, site_url)
    sandbox.mailerlite_fault = "down"
    asks(visitor)
    work()
    assert mails_to(sandbox, ADA) == []
    clock.passes(3 * MINUTE)
    work()
    assert said(visitor) == "should have come by now"
    assert "Send it again" in visitor.get("/join").text
    sandbox.mailerlite_fault = None
    clock.passes(3 * MINUTE)
    work()
    answer = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA), password=PASSWORD)
    assert answer.location == "/plans"


def test_with_both_down_our_own_mail_is_as_welcome(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault, sandbox.mail_refused = "down", 1.0
    asks(visitor)
    work()
    clock.passes(MINUTE / 2)
    assert mails_to(sandbox, ADA) == []
    sandbox.mail_refused = 0.0
    work()
    assert len(mails_to(sandbox, ADA)) == 1
    sandbox.mailerlite_fault = None
    clock.passes(MINUTE)
    work()  # MailerLite need not any more
    assert len(mails_to(sandbox, ADA)) == 1


def test_a_code_that_came_too_late_is_mailed_by_nobody(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault, sandbox.mail_refused = "down", 1.0
    asks(visitor)
    work()
    clock.passes(timedelta(hours=1))
    sandbox.mailerlite_fault, sandbox.mail_refused = None, 0.0
    work()
    assert mails_to(sandbox, ADA) == []
    assert sends(app) == [("mailerlite", "failed"), ("smtp", "not needed")]
    assert said(visitor) == "no code for"


def test_nobody_waits_for_a_mailerlite_that_was_away_a_moment_ago(
    visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault = "down"
    asks(visitor)
    work()
    sandbox.mailerlite_fault = None
    asks(visitor, GRACE)
    work()
    assert sends(app)[-2:] == [("mailerlite", "failed"), ("smtp", "sent")]
    assert "a moment ago" in why(app)
    clock.passes(MINUTE)
    asks(visitor, "edsger@example.com")
    work()
    assert sends(app)[-1] == ("mailerlite", "handed over")


@pytest.mark.parametrize(("delivery", "channel"), [("mailerlite", "mailerlite"), ("smtp", "smtp")])
def test_where_one_way_is_wanted_the_other_is_never_taken(
    make_app: MakeApp,
    sandbox: Sandbox,
    clock: MovableClock,
    site_url: str,
    delivery: str,
    channel: str,
) -> None:
    app = make_app(CODE_DELIVERY=delivery)
    visitor = Browser(app, site_url)
    sandbox.mailerlite_fault, sandbox.mail_refused = "down", 1.0
    asks(visitor)
    for _ in range(3):
        clock.passes(MINUTE)
        with app.app_context():
            app.extensions["jobs"].sweep()
    assert {way for way, _ in sends(app)} == {channel}
    assert mails_to(sandbox, ADA) == []
    sandbox.mailerlite_fault, sandbox.mail_refused = None, 0.0
    clock.passes(3 * MINUTE)
    with app.app_context():
        app.extensions["jobs"].sweep()
    assert {mail.via == "SMTP" for mail in sandbox.mailbox.to(ADA)} == {delivery == "smtp"}


def test_by_mailerlite_alone_a_second_code_in_a_day_is_none(
    make_app: MakeApp, sandbox: Sandbox, clock: MovableClock, site_url: str
) -> None:
    app = make_app(CODE_DELIVERY="mailerlite")
    visitor = Browser(app, site_url)
    for _ in range(2):
        asks(visitor)
        with app.app_context():
            app.extensions["jobs"].sweep()
        clock.passes(3 * timedelta(hours=1))
    asks(visitor)
    with app.app_context():
        app.extensions["jobs"].sweep()
    assert len(mails_to(sandbox, ADA)) == 1


def test_a_members_code_never_goes_by_the_list_whatever_the_mail_server_says(
    without_mail: Callable[[int], tuple[Flask, Work]], sandbox: Sandbox, site_url: str
) -> None:
    with mail_server("550 5.1.1 no such user") as port:
        app, work = without_mail(port)
        opens_account(app, GRACE)
        asks(Browser(app, site_url), GRACE)
        work()
        work()
        assert sends(app) == [("smtp", "failed")]
        found = listed(sandbox, GRACE)  # she gets letters, and no code
        assert found
        assert (found.groups, found.fields) == ({"Free"}, {})


def test_mailerlite_mails_the_code_that_lives_and_no_other(
    visitor: Browser, sandbox: Sandbox, app: Flask, clock: MovableClock
) -> None:
    """A worker was held up with an old code until there was a new one."""
    asks(visitor)
    for _ in range(5):  # a stranger used up its tries
        visitor.submit("/join", action="/join", code="000000")
    clock.passes(2 * MINUTE)
    asks(visitor)
    with app.app_context():
        app.extensions["jobs"].kinds["codes"]()
    assert sends(app)[0] == ("mailerlite", "not needed")
    found = listed(sandbox, ADA)
    assert found
    assert found.fields == {"verification_code": code_for(sandbox, ADA)}
    answer = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA))
    assert answer.status_code == HTTPStatus.SEE_OTHER
