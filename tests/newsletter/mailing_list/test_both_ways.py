"""What changes here is carried to MailerLite, and what changes there is heard of here."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask

from membership.newsletter import moving, subscribers
from membership.newsletter.models import Standing
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import by_hand, listed, set_up
from tests.support.people import ADA, EDSGER, GRACE
from tests.support.the_list import changes, emails, joins, plan_groups, row, syncs

SECRET = "yaEgW3JvHz"
HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    made = make_app(MAILERLITE_WEBHOOK_SECRET=SECRET)
    set_up(made)
    return made


def pays(app: Flask, clock: MovableClock, email: str = ADA) -> None:
    changes(
        app,
        subscribers.set_membership,
        email,
        Standing.PAID,
        plan="supporter",
        renews_on=date(2026, 12, 21),
        now=clock(),
    )


def lapses(app: Flask, clock: MovableClock, email: str = ADA) -> None:
    changes(
        app,
        subscribers.set_membership,
        email,
        Standing.LAPSED,
        plan=None,
        renews_on=None,
        now=clock(),
    )


@on_each_database
def test_joining_paying_and_lapsing_are_carried_across(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    by_hand(sandbox, "POST", "groups", {"name": "Knitters"})
    joins(app, ADA, now=clock())
    syncs(app)
    assert plan_groups(sandbox, ADA) == {"Free"}
    group = next(g for g in by_hand(sandbox, "GET", "groups") if g["name"] == "Knitters")
    by_hand(sandbox, "POST", f"subscribers/{row(app, ADA).mailerlite_id}/groups/{group['id']}")
    pays(app, clock)
    syncs(app)
    there = listed(sandbox, ADA)
    assert there
    assert there.groups == {"Paid", "Knitters"}
    assert there.fields == {"plan": "supporter", "renews_on": "2026-12-21"}
    lapses(app, clock)
    syncs(app)
    there = listed(sandbox, ADA)
    assert there
    assert (there.groups, there.fields) == ({"Lapsed", "Knitters"}, {})
    assert row(app, ADA).due_at is None


@on_each_database
def test_what_happens_while_mailerlite_is_down_is_carried_when_it_is_back(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, ADA, GRACE, now=clock())
    syncs(app)
    sandbox.mailerlite_fault = "down"
    pays(app, clock)
    changes(app, subscribers.stop_letters, GRACE, now=clock())
    joins(app, EDSGER, now=clock())
    changes(app, moving.move, ADA, "ada@home.example", now=clock())
    syncs(app)
    lapses(app, clock, "ada@home.example")
    sandbox.mailerlite_fault = None
    assert plan_groups(sandbox, ADA) == {"Free"}
    clock.passes(HOUR)
    syncs(app)
    there = listed(sandbox, "ada@home.example")
    assert there
    assert (there.status, there.groups) == ("active", {"Lapsed"})
    assert listed(sandbox, ADA) is None
    graces = listed(sandbox, GRACE)
    assert graces
    assert graces.status == "unsubscribed"
    assert plan_groups(sandbox, EDSGER) == {"Free"}


def test_who_stops_here_is_unsubscribed_there_and_comes_back_by_the_box_alone(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, ADA, now=clock())
    syncs(app)
    changes(app, subscribers.stop_letters, ADA, now=clock())
    syncs(app)
    joins(app, ADA, now=clock())  # for the way in; the box was not ticked
    pays(app, clock)
    syncs(app)
    there = listed(sandbox, ADA)
    assert there
    assert there.status == "unsubscribed"
    changes(app, subscribers.want_letters, ADA, now=clock())
    syncs(app)
    there = listed(sandbox, ADA)
    assert there
    assert (there.status, there.groups) == ("active", {"Paid"})
    assert (row(app, ADA).resubscribe_at, row(app, ADA).stopped_at) == (None, None)


def test_who_unsubscribed_there_is_not_put_back_by_anything_but_the_box(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """No webhook has come: MailerLite's refusal says so."""
    joins(app, ADA, now=clock())
    syncs(app)
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    pays(app, clock)
    syncs(app)
    joins(app, ADA, now=clock())
    syncs(app)
    there = listed(sandbox, ADA)
    assert there
    assert there.status == "unsubscribed"
    assert not row(app, ADA).wants_letters
    assert row(app, ADA).due_at is None


def test_who_was_deleted_there_is_not_put_back_until_they_ask_again(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, ADA, now=clock())
    syncs(app)
    Reader(sandbox, ADA).is_deleted_at_mailerlite()
    pays(app, clock)
    syncs(app)
    assert listed(sandbox, ADA) is None
    assert row(app, ADA).status == "deleted"
    changes(app, subscribers.want_letters, ADA, now=clock())
    syncs(app)
    assert plan_groups(sandbox, ADA) == {"Paid"}


def test_one_whom_mailerlite_never_takes_holds_up_nobody_and_is_tried_again(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, "ada@nowhere", ADA, GRACE, now=clock())  # an address that MailerLite refuses
    syncs(app)
    assert plan_groups(sandbox, ADA) == plan_groups(sandbox, GRACE) == {"Free"}
    refused = row(app, "ada@nowhere")
    assert refused.attempts == 1
    assert refused.due_at
    assert "must be a valid email address" in (refused.last_error or "")


def test_a_group_made_anew_there_is_found(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, ADA, now=clock())
    syncs(app)
    paid = next(g for g in by_hand(sandbox, "GET", "groups") if g["name"] == "Paid")
    by_hand(sandbox, "DELETE", f"groups/{paid['id']}")
    by_hand(sandbox, "POST", "groups", {"name": "Paid"})
    pays(app, clock)
    syncs(app)
    clock.passes(HOUR)
    syncs(app)
    assert plan_groups(sandbox, ADA) == {"Paid"}


def test_a_few_who_join_do_not_wait_for_an_import(
    make_app: Callable[..., Flask], sandbox: Sandbox, clock: MovableClock
) -> None:
    """MailerLite takes five a minute, each of any size; whoever joins alone is told of alone."""
    app = make_app(MAILERLITE_CALLS_PER_MINUTE="120")
    sandbox.mailerlite_import_limit = 0
    set_up(app)
    joins(app, *emails(3), now=clock())
    syncs(app)
    assert all(plan_groups(sandbox, email) == {"Free"} for email in emails(3))
