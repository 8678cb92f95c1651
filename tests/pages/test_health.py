"""/healthz and /readyz, for machines."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import flask_migrate
from alembic.script import ScriptDirectory
from flask import Flask

from membership.config import ROOT
from membership.pages import health
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.stripe_signs import body, event, signature


def report(visitor: Browser) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(visitor.get("/readyz").text)
    return told


def test_alive_asks_nothing_else(visitor: Browser) -> None:
    assert visitor.get("/healthz").json == {"status": "ok"}


@on_each_database
def test_ready_needs_a_worker_that_was_seen_lately(
    visitor: Browser, work: Work, clock: MovableClock
) -> None:
    assert report(visitor)["worker"] == "silent"
    work()
    answer = visitor.get("/readyz")
    assert (answer.status_code, report(visitor)["worker"]) == (HTTPStatus.OK, "ok")
    clock.passes(timedelta(minutes=4))
    assert visitor.get("/readyz").status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_ready_tells_the_last_webhook_and_work_that_is_late(
    visitor: Browser, app: Flask, work: Work, clock: MovableClock
) -> None:
    work()
    raw = body(event())
    app.test_client().post(
        "/webhooks/stripe", data=raw, headers={"Stripe-Signature": signature(raw)}
    )
    told = report(visitor)
    assert told["last_webhook"] == told["oldest_due_work"] == clock().isoformat()
    assert told["ready"]
    clock.passes(timedelta(minutes=2))
    assert report(visitor)["ready"]
    clock.passes(timedelta(minutes=4))
    assert not report(visitor)["ready"]


def test_a_database_that_was_not_migrated_is_not_ready(visitor: Browser, app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(app.extensions["migrate"].directory, "base")
    answer = visitor.get("/readyz")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "flask db upgrade" in report(visitor)["migrations"]


def test_the_newest_revisions_are_those_that_alembic_finds() -> None:
    script = ScriptDirectory(str(ROOT / "migrations"))
    assert health.heads() == set(script.get_heads())
