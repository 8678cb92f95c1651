"""An event is done only with its effect, and only by a read that began after it was stored."""

import pytest
from flask import Flask

from membership import inbox
from membership.billing import catalogue, events, sync
from membership.billing.catalogue import Catalogue
from membership.billing.models import Product
from membership.billing.stripe_objects import ProductData
from membership.db import db, transaction
from membership.inbox import InboxEvent
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.stripe_signs import event


def stored(app: Flask, event_id: str) -> None:
    told = event(event_id, "product.updated", about={"id": "prod_1"})
    with app.app_context(), transaction() as session:
        assert inbox.receive(session, [events.row(told, "{}")]) == 1


def due(app: Flask) -> list[str]:
    with app.app_context():
        waiting = db.session.query(InboxEvent.event_id).filter(InboxEvent.due_at.is_not(None))
        return sorted(event_id for (event_id,) in waiting)


def begun(app: Flask) -> sync.Reading:
    with app.app_context():
        first = db.session.query(InboxEvent).filter_by(event_id="evt_1").one()
        return sync.begin(catalogue.KEY, first)


def one_product(clock: MovableClock, name: str | None = "Membership") -> Catalogue:
    made = ProductData("prod_1", name, None, True, {"plan": "member"}, [], clock())  # type: ignore[arg-type]
    return Catalogue([made], [])


@on_each_database
def test_one_read_settles_every_event_that_was_stored_before_it(
    app: Flask, clock: MovableClock
) -> None:
    stored(app, "evt_1")
    stored(app, "evt_2")
    with app.app_context():
        sync.write(begun(app), one_product(clock))
    assert due(app) == []


@on_each_database
def test_an_event_stored_while_the_read_was_under_way_stays_due(
    app: Flask, clock: MovableClock
) -> None:
    stored(app, "evt_1")
    reading = begun(app)
    stored(app, "evt_2")
    with app.app_context():
        sync.write(reading, one_product(clock))
    assert due(app) == ["evt_2"]


@on_each_database
def test_an_effect_that_fails_leaves_its_events_due_and_nothing_written(
    app: Flask, clock: MovableClock
) -> None:
    stored(app, "evt_1")
    nameless = one_product(clock, name=None)  # the database refuses it half way through the write
    with app.app_context(), pytest.raises(Exception, match="name"):
        sync.write(begun(app), nameless)
    assert due(app) == ["evt_1"]
    with app.app_context():
        assert db.session.query(Product).count() == 0
