"""What one reading of a customer settles is claimed by whoever does it, and by nobody beside."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from membership import due, inbox
from membership.billing import events
from membership.db import db, transaction
from membership.inbox import InboxEvent
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.stripe_signs import event


def told(app: Flask, customer: str, *event_ids: str) -> None:
    about = {"id": "sub_1", "customer": customer}
    with app.app_context(), transaction() as session:
        rows = [events.row(event(each, about=about), "{}") for each in event_ids]
        assert inbox.receive(session, rows) == len(event_ids)


def claimed(app: Flask, clock: MovableClock) -> str | None:
    """The event a worker takes up next."""
    with app.app_context(), transaction() as session:
        row = due.claim(session, InboxEvent, now=clock())
        return row.event_id if row else None


@on_each_database
def test_five_events_of_one_customer_are_work_for_one(app: Flask, clock: MovableClock) -> None:
    told(app, "cus_ada", "evt_1", "evt_2", "evt_3", "evt_4", "evt_5")
    clock.passes(timedelta(seconds=1))
    told(app, "cus_grace", "evt_6")
    of_ada, of_grace, nothing = (claimed(app, clock) for _ in range(3))
    assert of_ada in {"evt_1", "evt_2", "evt_3", "evt_4", "evt_5"}
    assert (of_grace, nothing) == ("evt_6", None)


@on_each_database
def test_what_came_after_the_claim_is_not_part_of_it(app: Flask, clock: MovableClock) -> None:
    told(app, "cus_ada", "evt_1")
    assert claimed(app, clock) == "evt_1"
    told(app, "cus_ada", "evt_2")
    assert claimed(app, clock) == "evt_2"


@on_each_database
def test_a_worker_that_died_keeps_none_of_them(app: Flask, clock: MovableClock) -> None:
    told(app, "cus_ada", "evt_1", "evt_2")
    assert claimed(app, clock)
    assert claimed(app, clock) is None
    clock.passes(due.LEASE)
    assert claimed(app, clock)


@on_each_database
def test_what_failed_is_put_off_together(app: Flask, clock: MovableClock) -> None:
    told(app, "cus_ada", "evt_1", "evt_2")
    with app.app_context():
        with transaction() as session:
            row = due.claim(session, InboxEvent, now=clock())
        assert row
        with transaction() as session:
            again_at = due.put_off(session, row, error="Stripe is away", now=clock())
        kept = db.session.scalars(select(InboxEvent)).all()
        assert [(one.due_at, one.attempts) for one in kept] == [(again_at, 1)] * 2
        assert {one.last_error for one in kept} == {"Stripe is away"}


@on_each_database
def test_a_sender_whose_events_are_settled_singly(app: Flask, clock: MovableClock) -> None:
    """A handler that settles only the one event it is given leaves the others to be claimed."""
    inbox.register(app, "somebody else", events.process)
    with app.app_context(), transaction() as session:
        for number in (1, 2):
            row = events.row(event(f"evt_{number}"), "{}")
            row.source = "somebody else"
            inbox.receive(session, [row])
    assert {claimed(app, clock), claimed(app, clock)} == {"evt_1", "evt_2"}


@on_each_database
def test_what_is_about_nothing_is_claimed_one_by_one(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        for number in (1, 2):
            row = events.row(event(f"evt_{number}", about={"id": "x"}), "{}")
            row.due_at = clock()
            assert row.subject is None
            inbox.receive(session, [row])
    assert {claimed(app, clock), claimed(app, clock)} == {"evt_1", "evt_2"}
