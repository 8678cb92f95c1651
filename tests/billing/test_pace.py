"""How often Stripe is asked: so many a second for all processes, and none after a 429."""

import time
from datetime import timedelta

import pytest
from flask import Flask

from membership import pace
from membership.billing import catalogue, stripe_api, sync
from membership.billing.models import Product
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.pace import Pace
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.working import works


def next_at(app: Flask) -> float:
    with app.app_context():
        return db.session.query(Pace.next_at).scalar() or 0.0


@on_each_database
def test_a_429_begins_a_pause(app: Flask, sandbox: Sandbox) -> None:
    sandbox.stripe_fault = "limit"
    with app.app_context(), pytest.raises(stripe_api.StripeUnavailable, match="limit"):
        sync.bring_up_to_date(catalogue.KEY)
    with app.app_context():
        assert db.session.get_one(Pace, "stripe").closed_until > time.time()


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
        works(app)
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
            pace.refuse(session, "stripe", now - ago)
