"""Only what MailerLite says of a subscriber says that they are gone: a 404 may be of anything."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from membership.db import changed
from membership.newsletter import subscribers
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import listed, may_be_called_again, set_up
from tests.support.people import ADA, GRACE
from tests.support.the_list import changes, joins, row, syncs

HOUR = timedelta(hours=1)


def read_again(app: Flask, clock: MovableClock) -> None:
    """As after a webhook."""

    def due(session: Session) -> None:
        changed(session, update(Subscriber).values(reread=True, due_at=clock()))

    changes(app, due)
    syncs(app)


def two_readers(app: Flask, clock: MovableClock) -> None:
    set_up(app)
    joins(app, ADA, GRACE, now=clock())
    syncs(app)


@on_each_database
def test_an_address_that_is_not_known_there_ends_nobodys_letters(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    two_readers(app, clock)
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "missing", "GET subscribers/*"
    read_again(app, clock)
    for email in (ADA, GRACE):
        assert row(app, email).wants_letters
        assert (row(app, email).status, row(app, email).attempts) == ("active", 1)
        assert "404" in row(app, email).why
    sandbox.mailerlite_fault = None
    clock.passes(HOUR)
    may_be_called_again(app)
    syncs(app)
    assert (row(app, ADA).due_at, row(app, ADA).why) == (None, "")


def test_a_group_that_is_gone_ends_nobodys_letters(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    two_readers(app, clock)
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = (
        "missing",
        "POST subscribers/*/groups/*",
    )
    changes(
        app, subscribers.set_membership, ADA, Standing.PAID, plan=None, renews_on=None, now=clock()
    )
    syncs(app)
    assert row(app, ADA).wants_letters
    assert "404" in row(app, ADA).why
    assert listed(sandbox, ADA)


def test_whoever_left_is_not_taken_for_forgotten_there_before_they_are(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    two_readers(app, clock)
    sandbox.mailerlite_fault = "missing"

    def leave(session: Session) -> None:
        values = {"left_at": clock(), "due_at": clock()}
        changed(session, update(Subscriber).where(Subscriber.email == ADA).values(values))

    changes(app, leave)
    syncs(app)
    assert row(app, ADA).left_at
    sandbox.mailerlite_fault = None
    assert listed(sandbox, ADA)
    clock.passes(HOUR)
    may_be_called_again(app)
    syncs(app)
    assert listed(sandbox, ADA) is None
