"""An event that keeps failing is given up in the end, and not lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership import dead_letters, due, inbox
from membership.billing import catalogue, events
from membership.db import db, transaction
from membership.inbox import InboxEvent
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import copy_catalogue
from tests.support.stripe_signs import event
from tests.support.working import works

TRIES = due.attempts_in(timedelta(days=1))


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(EVENTS_GIVE_UP_DAYS="1")


class Receiver:
    """Somebody who cannot work on what they are told, until `well`."""

    def __init__(self, app: Flask) -> None:
        self.tried = 0
        self.well = False
        self.meanwhile: Callable[[], None] = lambda: None
        inbox.register(app, "test", self.work)

    def work(self, told: InboxEvent) -> None:
        self.tried += 1
        self.meanwhile()
        if not self.well:
            raise ArithmeticError("it does not add up")
        with transaction() as session:
            inbox.finish(session, [told.id])


@pytest.fixture
def receiver(app: Flask) -> Receiver:
    return Receiver(app)


def comes(app: Flask, clock: MovableClock, event_id: str = "1") -> None:
    with app.app_context(), transaction() as session:
        told = InboxEvent(
            source="test",
            event_id=event_id,
            type="something.happened",
            subject="thing",
            body="{}",
            received_at=clock(),
            due_at=clock(),
        )
        assert inbox.receive(session, [told]) == 1


# Of the receiver's; what Stripe has to tell comes in besides, when the sweep looks for it.
TOLD = select(InboxEvent).where(InboxEvent.source == "test")


def kept(app: Flask) -> InboxEvent:
    with app.app_context():
        return db.session.scalars(TOLD).one()


def hours_pass(app: Flask, clock: MovableClock, hours: int) -> None:
    """The worker looks each hour. Of all it does then, this is what an event can feel."""
    with app.app_context():
        for _ in range(hours):
            inbox.drain()
            dead_letters.drain()
            clock.passes(timedelta(hours=1))


@on_each_database
def test_what_fails_for_a_day_is_kept_with_its_traceback_and_tried_no_more(
    app: Flask, clock: MovableClock, receiver: Receiver
) -> None:
    comes(app, clock)
    hours_pass(app, clock, TRIES - 1)
    assert kept(app).given_up_at is None
    hours_pass(app, clock, 48)
    given_up = kept(app)
    assert receiver.tried == given_up.attempts == TRIES
    assert given_up.given_up_at
    assert (given_up.due_at, given_up.done_at) == (None, None)
    assert "it does not add up" in (given_up.last_error or "")


def test_what_waited_while_nobody_worked_is_not_given_up_at_its_first_failure(
    app: Flask, clock: MovableClock, receiver: Receiver
) -> None:
    comes(app, clock)
    clock.passes(timedelta(days=30))  # the worker was switched off
    hours_pass(app, clock, 3)
    assert receiver.tried == 3
    assert kept(app).given_up_at is None


@on_each_database
def test_a_replay_is_tried_as_long_as_if_it_were_new(
    app: Flask, clock: MovableClock, receiver: Receiver
) -> None:
    comes(app, clock)
    hours_pass(app, clock, TRIES + 1)
    done = app.test_cli_runner().invoke(args=["events", "replay", "1"])
    assert (done.exit_code, done.output) == (0, "Due again: 1.\n")
    hours_pass(app, clock, TRIES - 1)
    assert kept(app).given_up_at is None
    receiver.well = True
    hours_pass(app, clock, 1)
    settled = kept(app)
    assert settled.done_at
    assert (settled.given_up_at, settled.due_at, settled.last_error) == (None, None, None)


@on_each_database
def test_a_last_try_that_succeeds_while_it_is_given_up_is_a_success(
    app: Flask, clock: MovableClock, receiver: Receiver
) -> None:
    """The worker that sweeps gives it up at the moment in which another one works on it."""
    comes(app, clock)
    hours_pass(app, clock, TRIES - 1)
    with app.app_context(), transaction() as session:
        session.scalars(TOLD).one().attempts = TRIES
    receiver.well, receiver.meanwhile = True, dead_letters.drain
    with app.app_context():
        inbox.drain()
    settled = kept(app)
    assert settled.done_at
    assert (settled.given_up_at, settled.due_at) == (None, None)


@on_each_database
def test_a_later_read_of_the_same_thing_settles_what_was_given_up(
    app: Flask, clock: MovableClock, work: Work
) -> None:
    copy_catalogue(app)
    about = {"id": "prod_1"}
    with app.app_context():
        with transaction() as session:
            told = events.row(event("evt_1", "product.updated", about=about), "{}")
            told.due_at, told.given_up_at = None, clock()
            inbox.receive(session, [told])
        with transaction() as session:
            told = events.row(event("evt_2", "product.updated", about=about), "{}")
            inbox.receive(session, [told])
    work()
    with app.app_context():
        both = db.session.scalars(select(InboxEvent)).all()
    assert [(row.subject, row.given_up_at) for row in both] == [(catalogue.KEY, None)] * 2
    assert all(row.done_at for row in both)


def test_how_many_were_given_up_is_told_and_makes_nobody_unready(
    app: Flask, clock: MovableClock, receiver: Receiver, visitor: Browser
) -> None:
    comes(app, clock)
    hours_pass(app, clock, TRIES + 1)
    works(app)
    answer = visitor.get("/readyz")
    assert answer.status_code == 200
    assert answer.json
    assert answer.json["events_given_up"] == 1
