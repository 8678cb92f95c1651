"""What somebody types in who never proves it changes nothing about whom the owner writes to."""

from datetime import timedelta

import pytest
from flask import Flask

from membership.newsletter.mailing_list import sweep
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.mailerlite_has import by_hand, listed, may_be_called_again, set_up
from tests.support.people import ADA, GRACE
from tests.support.the_list import row

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


@pytest.fixture(autouse=True)
def groups_and_field(app: Flask) -> None:
    set_up(app)


def whole_list_is_compared(app: Flask) -> None:
    with app.app_context():
        sweep.work_on(sweep.begin(dry_run=False, force=False))


def a_week_passes(app: Flask, work: Work, clock: MovableClock) -> None:
    """Nobody enters the code; every night the list is compared."""
    for time in (HOUR, WEEK, HOUR):
        clock.passes(time)
        may_be_called_again(app)
        whole_list_is_compared(app)
        work()


def test_a_reader_whom_the_owner_had_before_stays_as_she_was(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    group = by_hand(sandbox, "POST", "groups", {"name": "Knitters"})["id"]
    by_hand(sandbox, "POST", "subscribers", {"email": GRACE, "groups": [group]})
    clock.passes(timedelta(days=30))
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    there = listed(sandbox, GRACE)
    assert there
    assert there.groups == {"Knitters", "Verify"}
    a_week_passes(app, work, clock)
    there = listed(sandbox, GRACE)
    assert there
    assert (there.status, there.groups, there.fields) == ("active", {"Knitters"}, {})
    assert not row(app, GRACE).wants_letters
    assert row(app, GRACE).due_at is None


@on_each_database
def test_when_mailerlite_goes_away_in_the_middle_nobody_becomes_a_reader_by_it(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """It has the address, and never said so."""
    visitor.submit("/", action="/subscribe", email=ADA)
    sandbox.faults.mailerlite = "down"
    sandbox.faults.mailerlite_only = "DELETE subscribers/*"
    work()
    sandbox.faults.mailerlite = None
    there = listed(sandbox, ADA)
    assert there
    assert there.status == "active"
    a_week_passes(app, work, clock)
    assert listed(sandbox, ADA) is None
    assert not row(app, ADA).wants_letters
    assert row(app, ADA).confirmed_at is None
