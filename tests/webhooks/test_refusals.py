"""What is refused at the webhooks is known afterwards, and costs next to nothing."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from membership import refusals
from membership.db import db
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.stripe_signs import body, event, signature

RAW = body(event())


def last(app: Flask, source: str = "stripe") -> tuple[str, datetime] | None:
    with app.app_context():
        found = refusals.last(source)
        return (found.reason, found.at) if found else None


def tells(app: Flask, raw: bytes, header: str) -> int:
    client = app.test_client()
    told = client.post("/webhooks/stripe", data=raw, headers={"Stripe-Signature": header})
    return told.status_code


@on_each_database
def test_the_last_one_is_kept_with_its_reason(app: Flask, clock: MovableClock) -> None:
    assert tells(app, RAW, signature(RAW, secret="whsec_of_another")) == 400
    first = clock()
    assert last(app) == ("no webhook secret of ours signed this", first)
    live = body(event(livemode=True))
    clock.passes(timedelta(seconds=59))
    assert tells(app, live, signature(live)) == 400
    assert last(app) == ("no webhook secret of ours signed this", first)
    clock.passes(timedelta(seconds=1))
    assert tells(app, live, signature(live)) == 400
    assert last(app) == ("the event is of the other mode than our key", clock())


def test_two_processes_write_it_down_in_one_row(app: Flask, clock: MovableClock) -> None:
    tells(app, RAW, signature(RAW, secret="whsec_of_another"))
    app.extensions["refusals"].clear()  # as another process, which has not written yet
    clock.passes(timedelta(seconds=5))
    tells(app, RAW, signature(RAW, secret="whsec_of_another"))
    found = last(app)
    assert found
    assert found[1] == clock()


@pytest.mark.parametrize("header", ["", "nonsense"])
def test_what_passing_strangers_send_is_not_kept(app: Flask, header: str) -> None:
    assert tells(app, RAW, header) == 400
    assert last(app) is None


def test_what_is_taken_is_no_refusal(app: Flask) -> None:
    assert tells(app, RAW, signature(RAW)) == 200
    assert last(app) is None


def test_mailerlite_with_another_secret_is_kept_too(app: Flask) -> None:
    client = app.test_client()
    client.post("/webhooks/mailerlite", data=b"{}", headers={"Signature": "ab" * 32})
    assert last(app, "mailerlite") is not None


def test_a_database_that_takes_nothing_does_not_change_the_answer(app: Flask) -> None:
    with app.app_context():
        refusals.Refusal.__table__.drop(db.engine)  # type: ignore[attr-defined]
    assert tells(app, RAW, signature(RAW, secret="whsec_of_another")) == 400
