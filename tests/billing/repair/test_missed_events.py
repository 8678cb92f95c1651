"""Webhooks that never come: Stripe's list of events has what they would have told."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership import due
from membership.billing.repair import missed_events
from membership.billing.repair.missed_events import EVERY, OVERLAP, EventSweep
from membership.db import db, transaction
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.behind_our_back import subscribes
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import GRACE
from tests.support.watched_stripe import watched
from tests.support.working import works

OPEN, SHUT = 200, 402


@pytest.fixture
def catalogue(app: Flask, clock: MovableClock) -> None:
    copy_catalogue(app)
    sweeps(app, clock)  # the first look is behind us


def sweeps(app: Flask, clock: MovableClock) -> None:
    """Time for the next look, and what comes of it."""
    works(app)
    clock.passes(EVERY)
    works(app)


def stored(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(InboxEvent)) or 0


def the_sweep(app: Flask) -> EventSweep:
    with app.app_context():
        return db.session.get_one(EventSweep, 1)


@on_each_database
@pytest.mark.usefixtures("listening", "catalogue")
def test_a_payment_whose_webhooks_are_all_lost_opens_all_the_same(
    grace: Browser,
    app: Flask,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    work: Work,
    clock: MovableClock,
) -> None:
    sandbox.webhook_faults.lost = 1.0
    pays(elsewhere, chooses(grace, app))
    work()
    assert grace.get("/premium").status_code == SHUT
    sweeps(app, clock)
    works(app)
    assert grace.get("/premium").status_code == OPEN
    with app.app_context():
        assert not db.session.scalars(
            select(InboxEvent).where(InboxEvent.due_at.is_not(None))
        ).all()
        body = db.session.scalars(
            select(InboxEvent.body).where(InboxEvent.type == "checkout.session.completed")
        ).one()
        assert json.loads(body)["data"]["object"]["status"] == "complete"


@on_each_database
@pytest.mark.usefixtures("catalogue")
def test_looking_again_stores_nothing_again(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribes(app, sandbox, GRACE)
    sweeps(app, clock)
    before = stored(app)
    assert before == len(sandbox.account.all("event"))
    sweeps(app, clock)
    assert stored(app) == before


@pytest.mark.usefixtures("catalogue")
def test_what_was_missed_is_counted_once_it_cannot_be_on_its_way(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    assert the_sweep(app).missed == 0  # the first look finds what was before us
    before = stored(app)
    subscribes(app, sandbox, GRACE)
    sweeps(app, clock)
    assert the_sweep(app).missed == stored(app) - before > 0


@on_each_database
def test_a_look_that_is_cut_short_goes_on_where_it_was(
    make_app: MakeApp, sandbox: Sandbox, clock: MovableClock
) -> None:
    with watched(sandbox.stripe_base) as door:
        app, again = make_app(STRIPE_API_BASE=door.url), make_app(STRIPE_API_BASE=door.url)
        copy_catalogue(app)
        like = sandbox.account.all("event")[-1]
        for n in range(150):
            sandbox.account.save({**like, "id": f"evt_more{n}"})
        with app.app_context():
            missed_events.drain()
            clock.passes(EVERY)
            for _ in range(2):  # works on one page, and dies with the next in its hands
                with transaction() as session:
                    sweep = due.claim(session, EventSweep, now=clock())
                assert sweep
                if stored(app) == 0:
                    missed_events.look(sweep)
            assert stored(app) == 100
        clock.passes(due.LEASE)
        with again.app_context():
            missed_events.drain()
        assert stored(app) == len(sandbox.account.all("event"))
        assert len(door.asked_for("v1/events")) == 2
        sweep = the_sweep(app)
        assert sweep.cursor is None
        assert sweep.since
        assert int((sweep.since + OVERLAP).timestamp()) == like["created"]


def test_a_place_that_is_gone_is_begun_from_again(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """The worker was off for a month, in the middle of a look."""
    sweeps(app, clock)
    with app.app_context():
        with transaction() as session:
            session.get_one(EventSweep, 1).cursor = "evt_long_gone"
        clock.passes(EVERY)
        missed_events.drain()
    assert the_sweep(app).cursor is None
    assert stored(app) == len(sandbox.account.all("event"))


def test_the_first_look_goes_back_a_month_and_no_further(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    like = sandbox.account.all("event")[-1]
    old = like["created"] - int(timedelta(days=29, hours=1).total_seconds())
    sandbox.account.save({**like, "id": "evt_old", "created": old})
    sweeps(app, clock)
    with app.app_context():
        ids = set(db.session.scalars(select(InboxEvent.event_id)))
    assert like["id"] in ids
    assert "evt_old" not in ids


def test_events_of_the_other_mode_are_not_ours(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    like = sandbox.account.all("event")[-1]
    sandbox.account.save({**like, "id": "evt_live", "livemode": True})
    sweeps(app, clock)
    with app.app_context():
        assert "evt_live" not in set(db.session.scalars(select(InboxEvent.event_id)))


def test_while_stripe_is_down_nothing_is_taken_for_seen(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    sandbox.stripe_fault = "down"
    sweeps(app, clock)
    assert the_sweep(app).since is None
    sandbox.stripe_fault = None
    clock.passes(timedelta(minutes=1))
    works(app)
    assert stored(app) == len(sandbox.account.all("event"))
