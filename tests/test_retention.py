"""What we were told about people is not kept for ever; that we were told is."""

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import undefer

from membership import retention
from membership.billing import events
from membership.db import db, transaction
from membership.inbox import InboxEvent, receive
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.stripe_signs import event
from tests.support.working import works

BODY = '{"data": {"object": {"email": "ada@example.com"}}}'


def comes(app: Flask, event_id: str, **changed: Any) -> None:
    with app.app_context(), transaction() as session:
        told = events.row(event(event_id, "radar.something.new"), BODY)
        for name, value in changed.items():
            setattr(told, name, value)
        assert receive(session, [told]) == 1


def kept(app: Flask) -> list[InboxEvent]:
    with app.app_context():
        whole = select(InboxEvent).options(undefer(InboxEvent.body)).order_by(InboxEvent.id)
        return list(db.session.scalars(whole))


@on_each_database
def test_a_body_is_emptied_after_sixty_days_and_its_row_stays(
    app: Flask, clock: MovableClock
) -> None:
    received_at = clock()
    comes(app, "evt_1", given_up_at=clock(), last_error="ada@example.com did not add up")
    clock.passes(timedelta(days=60) - timedelta(seconds=1))
    works(app)
    assert kept(app)[0].body == BODY
    clock.passes(timedelta(seconds=1))
    comes(app, "evt_2")
    works(app)
    old, new = kept(app)
    assert (old.body, old.last_error, old.scrubbed_at) == ("{}", None, clock())
    assert (old.event_id, old.type, old.received_at) == (
        "evt_1",
        "radar.something.new",
        received_at,
    )
    assert (new.body, new.scrubbed_at) == (BODY, None)


def test_an_emptied_event_that_comes_again_is_known(app: Flask, clock: MovableClock) -> None:
    comes(app, "evt_1")
    clock.passes(timedelta(days=61))
    works(app)
    with app.app_context(), transaction() as session:
        assert receive(session, [events.row(event("evt_1"), BODY)]) == 0
    assert kept(app)[0].body == "{}"


@on_each_database
def test_what_is_still_due_is_emptied_but_stays_due_with_its_error(
    app: Flask, clock: MovableClock
) -> None:
    later = clock() + timedelta(days=90)
    comes(app, "evt_1", due_at=later, attempts=3, last_error="Traceback")
    clock.passes(timedelta(days=61))
    works(app)
    (old,) = kept(app)
    assert (old.body, old.due_at, old.last_error) == ("{}", later, "Traceback")


def test_many_are_emptied_in_pieces(app: Flask, clock: MovableClock) -> None:
    many = retention.AT_ONCE + 1
    with app.app_context(), transaction() as session:
        session.add_all(
            [events.row(event(f"evt_{n}", "radar.something.new"), BODY) for n in range(many)]
        )
    clock.passes(timedelta(days=61))
    works(app)
    assert {row.body for row in kept(app)} == {"{}"}
