"""How often Stripe is asked: so many a second for all processes, and none after a 429."""

import time
from datetime import timedelta
from functools import partial
from itertools import chain

import pytest
from flask import Flask

from membership import jobs
from membership.billing import catalogue, pace, stripe_api, sync
from membership.billing.models import Product
from membership.billing.pace import Pace
from membership.db import db, transaction
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.threads import at_once

NOON = 1_800_000_000.0  # a moment, in seconds


def takes(app: Flask, how_many: int, *, at: float, per_second: int = 20) -> float:
    with app.app_context(), transaction() as session:
        return pace.take(session, how_many, per_second, at)


def is_refused(app: Flask, *, at: float) -> float:
    """Stripe says 429 at this moment; seconds until it may be called again."""
    with app.app_context():
        with transaction() as session:
            pace.refuse(session, at)
        row = db.session.get_one(Pace, 1)
        return row.closed_until - at


def next_at(app: Flask) -> float:
    with app.app_context():
        return db.session.query(Pace.next_at).scalar() or 0.0


@on_each_database
def test_turns_follow_each_other_and_none_are_saved_up(app: Flask) -> None:
    assert takes(app, 5, at=NOON) == pytest.approx(NOON)
    assert takes(app, 5, at=NOON) == pytest.approx(NOON + 5 / 20)
    assert takes(app, 1, at=NOON + 60) == pytest.approx(NOON + 60)
    assert takes(app, 1, at=NOON + 59) == pytest.approx(NOON + 60 + 1 / 20)  # a clock behind


@on_each_database
def test_no_two_processes_ever_have_the_same_turn(make_app: MakeApp) -> None:
    apps = [make_app(), make_app()]

    def process(app: Flask) -> list[float]:
        return [takes(app, 5, at=NOON) for _ in range(10)]

    taken = at_once(*(partial(process, app) for app in apps * 2))
    assert sorted(chain(*taken)) == pytest.approx([NOON + n * 5 / 20 for n in range(40)])


@on_each_database
def test_a_pause_is_longer_each_time_and_calls_that_were_out_count_once(app: Flask) -> None:
    assert is_refused(app, at=NOON) == pytest.approx(1)
    assert is_refused(app, at=NOON + 0.5) == pytest.approx(0.5)
    pauses, moment = [], NOON + 1
    for _ in range(6):
        pauses.append(is_refused(app, at=moment))
        moment += pauses[-1]
    assert pauses == pytest.approx([2, 4, 8, 16, 30, 30])
    assert is_refused(app, at=moment + 61) == pytest.approx(1)


@on_each_database
def test_a_429_begins_a_pause(app: Flask, sandbox: Sandbox) -> None:
    sandbox.stripe_fault = "limit"
    with app.app_context(), pytest.raises(stripe_api.StripeUnavailable, match="limit"):
        sync.bring_up_to_date(catalogue.KEY)
    with app.app_context():
        assert db.session.get_one(Pace, 1).closed_until > time.time()


@on_each_database
def test_in_a_pause_that_one_process_was_told_of_the_other_asks_nothing(make_app: MakeApp) -> None:
    one, other = make_app(), make_app()
    _long_pause(one)
    with other.app_context(), pytest.raises(stripe_api.StripeUnavailable, match="too many calls"):
        sync.bring_up_to_date(catalogue.KEY)
    with other.app_context():
        assert db.session.query(Product).count() == 0


def test_during_a_pause_work_stays_due_and_a_member_is_let_through(
    app: Flask, clock: MovableClock
) -> None:
    _long_pause(app)
    with app.app_context(), transaction() as session:
        session.add(
            InboxEvent(
                source="stripe",
                event_id="evt_1",
                type="product.updated",
                subject=catalogue.KEY,
                body="{}",
                received_at=clock(),
                due_at=clock(),
            )
        )
    with app.app_context():
        jobs.run_due()
        waiting = db.session.query(InboxEvent).one()
        assert waiting.done_at is None
        assert waiting.due_at == clock() + timedelta(seconds=5)
        assert "too many calls" in (waiting.last_error or "")
    with app.test_request_context("/plans"):
        assert stripe_api.client().products()


def test_a_member_takes_no_turn_of_the_works(app: Flask) -> None:
    with app.test_request_context("/plans"):
        stripe_api.client().products()
    assert next_at(app) == 0
    with app.app_context():
        stripe_api.client().products()
    assert next_at(app) > 0


def _long_pause(app: Flask) -> None:
    """Stripe has refused again and again, last just now."""
    with app.app_context(), transaction() as session:
        now = time.time()
        for ago in (15, 14, 12, 8, 0):
            pace.refuse(session, now - ago)
