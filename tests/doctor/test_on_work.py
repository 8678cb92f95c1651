"""Database, worker and queue: whether what is to be done gets done."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from membership import outbox
from membership.db import transaction
from membership.inbox import InboxEvent
from tests.support.checkup import is_told, level, said
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.ports import free_ports
from tests.support.settings import WEBHOOK_SECRET
from tests.support.working import works

MakeApp = Callable[..., Flask]


@on_each_database
def test_a_database_that_answers(app: Flask) -> None:
    assert (level(app, "database"), level(app, "migrations")) == ("well", "well")


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_database_that_does_not(make_app: MakeApp, tmp_path: Path, kind: str) -> None:
    spoilt = tmp_path / "spoilt.db"
    spoilt.write_text("this was never a database" * 100)
    address = {
        "postgresql": f"postgresql://ada:tulips@127.0.0.1:{free_ports(1)[0]}/letters",
        "sqlite": f"sqlite:///{spoilt}",
    }[kind]
    found = said(make_app(DATABASE_URL=address), "database")
    assert found.level == "broken"
    assert "tulips" not in found.what


@on_each_database
def test_an_older_schema(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(app.extensions["migrate"].directory, "base")
    found = said(app, "migrations")
    assert (found.level, "flask db upgrade" in found.do) == ("broken", True)


@on_each_database
def test_a_worker_that_was_never_there_is_there_and_is_gone(
    app: Flask, clock: MovableClock
) -> None:
    assert level(app, "worker") == "broken"
    works(app)
    assert level(app, "worker") == "well"
    clock.passes(timedelta(minutes=4))
    assert level(app, "worker") == "broken"


@on_each_database
def test_work_that_nobody_does(app: Flask, clock: MovableClock) -> None:
    is_told(app, WEBHOOK_SECRET)
    assert level(app, "due-work") == "well"
    clock.passes(timedelta(minutes=6))
    assert level(app, "due-work") == "broken"
    works(app)
    assert level(app, "due-work") == "well"


@on_each_database
def test_mail_that_fails_again_and_again(make_app: MakeApp, clock: MovableClock) -> None:
    app = make_app(MAIL_PORT="9")
    outbox.register(app, "hello", lambda _: outbox.Mail("Hello", "Hello", "Hello"))
    with app.app_context(), transaction() as session:
        outbox.send_later(session, "hello", "ada@example.com")
    for tries in range(1, 6):
        works(app)
        assert level(app, "failing-work") == ("look" if tries == 5 else "well")
        clock.passes(timedelta(hours=1))
    found = said(app, "failing-work")
    assert "mails: 1" in found.what
    assert "ada@example.com" not in repr(found)


@on_each_database
def test_an_event_that_was_given_up(app: Flask, clock: MovableClock) -> None:
    is_told(app, WEBHOOK_SECRET)
    assert level(app, "events-given-up") == "well"
    with app.app_context(), transaction() as session:
        (event,) = session.query(InboxEvent)
        event.due_at, event.given_up_at = None, clock()
    found = said(app, "events-given-up")
    assert (found.level, found.what) == ("look", "1 event is no longer tried.")


def test_queues(make_app: MakeApp, tmp_path: Path) -> None:
    port = free_ports(1)[0]
    for url, is_so in (
        ("memory://", "broken"),
        (f"sqlite:///{tmp_path / 'queue.db'}", "well"),
        (f"redis://:tulips@127.0.0.1:{port}/0", "broken"),
    ):
        found = said(make_app(QUEUE_URL=url), "queue")
        assert (found.level, "tulips" in repr(found)) == (is_so, False), url
