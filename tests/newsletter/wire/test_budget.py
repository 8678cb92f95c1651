"""The calls of a minute: never more than the account has, and some that only a code can have."""

import random
import time
from bisect import bisect_left
from datetime import timedelta

import pytest
from flask import Flask

from membership.db import db, transaction
from membership.newsletter import mailerlite, signup
from membership.newsletter.mailerlite import BatchCall, Unavailable
from membership.newsletter.models import Subscriber
from membership.newsletter.wire import budget
from membership.pace import Pace
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support import odd_server
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import listed, set_up
from tests.support.odd_server import answering
from tests.support.people import ADA, GRACE
from tests.support.working import works

NOON = 1_800_000_000.0  # a moment, in seconds
REAL = {"MAILERLITE_CALLS_PER_MINUTE": "120"}


def turns(app: Flask, how_many: int, *, at: float, urgent: bool) -> list[float]:
    with app.app_context(), transaction() as session:
        return [budget.take(session, at, urgent=urgent) for _ in range(how_many)]


@on_each_database
def test_work_that_would_do_more_leaves_the_codes_theirs_at_once(make_app: MakeApp) -> None:
    app = make_app(**REAL)
    work = turns(app, 200, at=NOON, urgent=False)
    assert work[: budget.WORK_AHEAD] == [0] * budget.WORK_AHEAD
    assert work[budget.WORK_AHEAD] == pytest.approx(0.75)
    done = sum(wait <= budget.WORK_WAITS for wait in work)
    assert done == budget.WORK_AHEAD + 6  # the others are put off
    later = NOON + budget.WORK_WAITS  # when the last of them has called
    codes = turns(app, 40, at=later, urgent=True)
    assert sum(wait == 0 for wait in codes) == budget.AHEAD - budget.WORK_AHEAD
    assert turns(app, 1, at=later, urgent=False)[0] > budget.WORK_WAITS


def test_no_minute_has_more_calls_than_the_account(make_app: MakeApp) -> None:
    app, chance = make_app(**REAL), random.Random(7)  # noqa: S311
    now, called = NOON, []
    with app.app_context(), transaction() as session:
        while now < NOON + 600:
            urgent = chance.random() < 0.5
            wait = budget.take(session, now, urgent=urgent)
            if wait <= (0 if urgent else budget.WORK_WAITS):
                called.append(now + wait)
            now += chance.choice((0, 0, 0, 0.01, 1)) if chance.random() < 0.999 else 45
    called.sort()
    most = max(bisect_left(called, at + 60) - n for n, at in enumerate(called))
    assert 110 < most <= 120


@on_each_database
def test_a_429_makes_every_process_wait_and_a_code_goes_another_way(make_app: MakeApp) -> None:
    with odd_server.counting(429, Retry_After="30") as (address, asked):
        one, other = (make_app(MAILERLITE_API_BASE=address) for _ in range(2))
        with one.app_context(), pytest.raises(Unavailable, match="429"):
            mailerlite.client().count()
        assert len(asked) == 1
        for urgent in (False, True):
            with other.app_context(), pytest.raises(Unavailable, match="too many") as raised:
                mailerlite.client(urgent=urgent).count()
            assert raised.value.wait is not None
            assert timedelta(seconds=20) < raised.value.wait <= timedelta(seconds=30)
        assert len(asked) == 1


def test_what_mailerlite_says_remains_is_believed(make_app: MakeApp) -> None:
    with answering(200, b'{"total":0}', X_RateLimit_Remaining="5") as address:
        app = make_app(MAILERLITE_API_BASE=address, **REAL)
        with app.app_context():
            mailerlite.client().count()
            with pytest.raises(Unavailable, match="used up"):
                mailerlite.client().count()
            for _ in range(3):
                mailerlite.client(urgent=True).count()
    with odd_server.counting(200, X_RateLimit_Remaining="0") as (address, asked):
        app = make_app(MAILERLITE_API_BASE=address, **REAL)
        with app.app_context():
            with pytest.raises(mailerlite.NotUnderstood):
                mailerlite.client(urgent=True).count()
            with pytest.raises(Unavailable, match="used up"):
                mailerlite.client(urgent=True).count()
        assert len(asked) == 1


@on_each_database
def test_work_that_has_to_wait_is_put_off_and_spends_no_attempt(
    make_app: MakeApp, clock: MovableClock
) -> None:
    with answering(429, b"{}", Retry_After="40") as address:
        app = make_app(MAILERLITE_API_BASE=address)
        with app.app_context():
            with transaction() as session:
                for email in (ADA, GRACE):
                    signup.confirm(session, email, letters=True, now=clock())
            for _ in range(3):
                works(app)
                clock.passes(timedelta(seconds=41))
            rows = db.session.query(Subscriber).all()
            assert [row.attempts for row in rows] == [0, 0]
            assert any("too many calls" in (row.last_error or "") for row in rows)


def test_a_visitor_whose_code_finds_no_call_left_has_it_by_smtp_at_once(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    app = make_app(**REAL)
    set_up(app)
    turns(app, budget.AHEAD + 10, at=time.time() + 60, urgent=True)  # however slow we are
    with app.app_context():
        Browser(app, "http://127.0.0.1:8000").submit("/", action="/subscribe", email=ADA)
        works(app)
    assert sandbox.mailbox.latest(to=ADA).via != "MailerLite"
    assert listed(sandbox, ADA) is None


def test_five_imports_a_minute_and_other_batches_as_many_as_there_are_calls(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    app = make_app(**REAL)
    new = [BatchCall.upsert(f"reader-{n}@example.com") for n in range(3)]
    with app.app_context():
        client = mailerlite.client()
        assert [reply.subscriber().status for reply in client.batch(new)] == ["active"] * 3
        with pytest.raises(Unavailable, match="five imports a minute") as raised:
            client.batch(new)
        assert raised.value.wait is not None
        assert timedelta(seconds=10) < raised.value.wait < timedelta(seconds=12.5)
        replies = client.batch([*new, BatchCall.subscriber("nobody@example.com")])
        assert [reply.status for reply in replies] == [200, 200, 200, 404]
        assert isinstance(replies[3].error, mailerlite.Rejected)


def test_too_many_imports_stop_nothing_else(make_app: MakeApp, sandbox: Sandbox) -> None:
    body = b'{"message":"You\'re being rate limited on import creation."}'
    new = [BatchCall.upsert(ADA)]
    with answering(429, body, Retry_After="60") as address:
        app = make_app(MAILERLITE_API_BASE=address)
        with app.app_context(), pytest.raises(Unavailable, match="import creation"):
            mailerlite.client().batch(new)
    with app.app_context():
        closed = {row.whom: row.closed_until - time.time() for row in db.session.query(Pace)}
        assert closed[budget.IMPORTS] > 50
        assert closed[budget.WHOM] < 0
