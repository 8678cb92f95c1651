"""What the MailerLite webhook takes in."""

import hmac
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from membership.db import db
from membership.inbox import InboxEvent
from membership.turnstile import turn
from tests.support.databases import on_each_database

SECRET = "yaEgW3JvHz"
MAILERLITE_WAITS = 3  # seconds
UNSUBSCRIBED = {
    "event": "subscriber.unsubscribed",
    "id": "165968862226941797",
    "email": "ada@example.com",
    "unsubscribed_at": "2026-11-21 08:00:00",
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(MAILERLITE_WEBHOOK_SECRET=SECRET)


def tell(app: Flask, told: Any, secret: str = SECRET) -> tuple[int, Any]:
    raw = json.dumps(told).encode() if not isinstance(told, bytes) else told
    header = hmac.digest(secret.encode(), raw, sha256).hex()
    answer = app.test_client().post("/webhooks/mailerlite", data=raw, headers={"Signature": header})
    return answer.status_code, answer.json


@contextmanager
def written_by_somebody_else(app: Flask) -> Iterator[None]:
    """Another process has the pen, or the table, and does not let go of it."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        with turn(str(engine.url.database)):
            yield
    else:
        with engine.connect() as connection:
            connection.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
            yield
            connection.rollback()


def subjects(app: Flask) -> list[str | None]:
    with app.app_context():
        return list(db.session.scalars(select(InboxEvent.subject).order_by(InboxEvent.id)))


def test_a_flat_event_is_stored_once_however_often_it_comes(app: Flask) -> None:
    assert tell(app, UNSUBSCRIBED) == (200, {"stored": 1})
    assert tell(app, UNSUBSCRIBED) == (200, {"stored": 0})
    assert subjects(app) == ["165968862226941797"]


def test_a_batch_is_a_row_each_nested_ones_too(app: Flask) -> None:
    nested = {
        "type": "subscriber.automation_completed",
        "subscriber": {"id": "2", "email": "g@e.f"},
    }
    assert tell(app, {"events": [UNSUBSCRIBED, nested], "total": 2}) == (200, {"stored": 2})
    assert subjects(app) == ["165968862226941797", "2"]


def test_unsubscribing_anew_is_another_event(app: Flask) -> None:
    tell(app, UNSUBSCRIBED)
    assert tell(app, UNSUBSCRIBED | {"unsubscribed_at": "2026-12-01 08:00:00"})[1] == {"stored": 1}


@pytest.mark.parametrize("raw", [b"\xff", b"not json", b"[]", b'{"events": [1]}'])
def test_a_body_that_is_no_event_is_refused(app: Flask, raw: bytes) -> None:
    assert tell(app, raw)[0] == 400


def test_what_mailerlite_did_not_sign_is_refused(app: Flask) -> None:
    assert tell(app, UNSUBSCRIBED, secret="another")[0] == 400
    assert subjects(app) == []


def test_without_a_secret_everything_is_refused(make_app: Callable[..., Flask]) -> None:
    app = make_app(MAILERLITE_WEBHOOK_SECRET="")
    assert tell(app, UNSUBSCRIBED, secret="x")[0] == 400
    assert subjects(app) == []


FLAT = {
    "event": "subscriber.updated",
    "id": "7",
    "email": "ada@example.com",
    "fields": {"city": "London", "verification_code": "482913"},
}
NESTED = {
    "type": "subscriber.added_to_group",
    "subscriber": {"id": "8", "fields": {"verification_code": "594024"}},
    "group": {"id": "1", "name": "Verify"},
}


def test_a_code_is_taken_out_before_anything_is_stored(app: Flask) -> None:
    """Flat, nested, and both in one delivery."""
    assert tell(app, FLAT) == (200, {"stored": 1})
    assert tell(app, NESTED) == (200, {"stored": 1})
    again = [FLAT | {"id": "9"}, NESTED | {"type": "subscriber.automation_completed"}]
    assert tell(app, {"events": again, "total": 2}) == (200, {"stored": 2})
    stored = bodies(app)
    assert len(stored) == 4
    assert not any("482913" in body or "594024" in body for body in stored)
    assert "London" in stored[0]


def test_a_code_cannot_be_guessed_back_from_what_is_stored(app: Flask) -> None:
    """An event's id is a hash of what it says: it may not depend on six digits."""
    assert tell(app, FLAT)[1] == {"stored": 1}
    other = FLAT | {"fields": {"city": "London", "verification_code": "111111"}}
    assert tell(app, other)[1] == {"stored": 0}


def bodies(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(InboxEvent.body).order_by(InboxEvent.id)))


@on_each_database
def test_a_database_that_others_write_to_all_the_time_is_not_waited_for_beyond_three_seconds(
    app: Flask,
) -> None:
    """MailerLite has gone by then: it is told at once to come again, and then it is heard."""
    with written_by_somebody_else(app):
        began = time.monotonic()
        assert tell(app, UNSUBSCRIBED) == (503, {"error": "busy: send it again"})
        assert time.monotonic() - began < MAILERLITE_WAITS
    assert subjects(app) == []
    assert tell(app, UNSUBSCRIBED) == (200, {"stored": 1})


def test_nor_one_that_a_program_holds_which_knows_nothing_of_turns(
    app: Flask, database_url: str
) -> None:
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as shell:
        shell.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert tell(app, UNSUBSCRIBED)[0] == 503
        assert time.monotonic() - began < MAILERLITE_WAITS
        shell.rollback()
    assert tell(app, UNSUBSCRIBED) == (200, {"stored": 1})
    with app.app_context():  # and others go on waiting as patiently as before
        assert db.session.execute(text("PRAGMA busy_timeout")).scalar() == 20_000
