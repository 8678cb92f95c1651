"""Somebody asks to be forgotten, and is back before MailerLite was told."""

from flask import Flask

from membership.db import transaction
from membership.newsletter import leaving, moving, subscribers
from membership.newsletter.models import Standing, Subscriber
from membership.newsletter.readers import moving as readers_moving
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import listed, set_up
from tests.support.people import ADA, GRACE
from tests.support.the_list import changes, joins, plan_groups, row, syncs


def subscribe(app: Flask, clock: MovableClock, *who: str) -> None:
    set_up(app)
    joins(app, *who, now=clock())
    syncs(app)


def says_goodbye(app: Flask, clock: MovableClock, email: str) -> None:
    changes(app, leaving.forget, [email], [], stays=None, now=clock())
    assert row(app, email).left_at


def stays_a_reader(app: Flask, sandbox: Sandbox, email: str) -> Subscriber:
    syncs(app)
    assert plan_groups(sandbox, email) == {"Free"}
    assert row(app, email).wants_letters
    return row(app, email)


@on_each_database
def test_who_was_a_paying_member_is_a_reader_like_any_other(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, clock, GRACE)
    paid = {"plan": "supporter", "renews_on": None, "now": clock()}
    changes(app, subscribers.set_membership, GRACE, Standing.PAID, **paid)
    with app.app_context(), transaction() as session:
        subscribers.of(session, GRACE, now=clock()).has_account = True
    syncs(app)
    assert plan_groups(sandbox, GRACE) == {"Paid"}
    says_goodbye(app, clock, GRACE)
    joins(app, GRACE, now=clock())
    found = stays_a_reader(app, sandbox, GRACE)
    assert (found.has_account, found.standing, found.plan) == (False, Standing.FREE, None)


def test_that_mailerlite_has_forgotten_her_already_is_no_new_no(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """We could not write down that it had."""
    subscribe(app, clock, GRACE)
    says_goodbye(app, clock, GRACE)
    Reader(sandbox, GRACE).is_deleted_at_mailerlite()
    joins(app, GRACE, now=clock())
    stays_a_reader(app, sandbox, GRACE)


def test_who_had_stopped_the_letters_before_goes_without_them_yet(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, clock, GRACE)
    changes(app, subscribers.stop_letters, GRACE, now=clock())
    says_goodbye(app, clock, GRACE)
    joins(app, GRACE, now=clock())
    syncs(app)
    assert not row(app, GRACE).wants_letters
    there = listed(sandbox, GRACE)
    assert there
    assert there.status == "unsubscribed"


@on_each_database
def test_letters_that_move_to_an_address_that_was_given_up_arrive(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    subscribe(app, clock, ADA, GRACE)
    says_goodbye(app, clock, GRACE)
    changes(app, moving.move, ADA, GRACE, now=clock())
    stays_a_reader(app, sandbox, GRACE)
    assert row(app, GRACE).has_account


def test_a_readers_letters_do_too(app: Flask, sandbox: Sandbox, clock: MovableClock) -> None:
    subscribe(app, clock, ADA, GRACE)
    says_goodbye(app, clock, GRACE)
    changes(app, readers_moving.arrive, row(app, ADA), GRACE, now=clock())
    stays_a_reader(app, sandbox, GRACE)
    assert listed(sandbox, ADA) is None
