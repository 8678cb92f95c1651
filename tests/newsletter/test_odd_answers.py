"""Whatever MailerLite says, codes arrive and nothing is wedged."""

from collections.abc import Callable

import pytest
from flask import Flask

from membership import due
from membership.db import db, transaction
from membership.newsletter import signup
from membership.newsletter.models import Subscriber
from sandbox.server import Sandbox
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.leaving import places
from tests.support.mail import code_for
from tests.support.odd_server import answering, repeating_the_code
from tests.support.people import ADA, GRACE
from tests.support.working import works

ODD = [
    (200, b"{}"),
    (200, b"[]"),
    (200, b""),
    (200, b"<html>"),
    (200, b'{"data": null}'),
    (200, b'{"data": {"id": 1}}'),
    (200, b'{"data": [{"id": 1}], "meta": null}'),
    (422, b'"Campaign settings missing"'),
    (422, b'{"message": "\\ud800"}'),
    (503, b'{"message": "\\u0000"}'),
    (302, b""),
]


@pytest.mark.parametrize(("status", "body"), ODD, ids=range(len(ODD)))
@on_each_database
def test_an_odd_answer_sends_the_code_by_smtp(
    make_app: Callable[..., Flask],
    sandbox: Sandbox,
    clock: MovableClock,
    status: int,
    body: bytes,
) -> None:
    with answering(status, body) as address:
        app = make_app(MAILERLITE_API_BASE=address)
        with app.app_context():
            for email in (ADA, GRACE):
                with transaction() as session:
                    assert not signup.ask(session, email, now=clock())
            works(app)
    assert code_for(sandbox, ADA)
    assert code_for(sandbox, GRACE)


@pytest.mark.parametrize(("status", "body"), ODD, ids=range(len(ODD)))
def test_an_odd_answer_keeps_its_reason_and_holds_up_nobody(
    make_app: Callable[..., Flask], clock: MovableClock, status: int, body: bytes
) -> None:
    with answering(status, body) as address:
        app = make_app(MAILERLITE_API_BASE=address)
        with app.app_context():
            with transaction() as session:
                for email in (ADA, GRACE):
                    signup.confirm(session, email, letters=True, now=clock())
            works(app)
            clock.passes(due.backoff(0))
            works(app)
            kept = db.session.query(Subscriber).all()
            assert all(subscriber.due_at for subscriber in kept)
            assert any(subscriber.last_error for subscriber in kept)


def test_a_code_that_is_said_back_is_kept_nowhere(
    make_app: Callable[..., Flask],
    sandbox: Sandbox,
    clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with repeating_the_code() as address:
        app = make_app(MAILERLITE_API_BASE=address)
        with app.app_context():
            with transaction() as session:
                signup.ask(session, ADA, now=clock())
            works(app)
    code = code_for(sandbox, ADA)
    logged = capsys.readouterr().err
    assert "at [code]" in logged
    assert code not in logged
    assert places(app, code) == set()
