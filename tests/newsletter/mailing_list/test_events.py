"""MailerLite's webhooks: heard in any order, any number of times; our own echoes cost nothing."""

import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, insert, select

from membership import inbox
from membership.db import db, transaction
from membership.inbox import InboxEvent
from membership.newsletter import signup, subscribers
from membership.newsletter.mailing_list.findings import ListSweep
from membership.newsletter.models import Subscriber
from sandbox.server import Sandbox
from sandbox.testing import Reader
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mailerlite_has import by_hand, listed, set_up
from tests.support.people import ADA, GRACE
from tests.support.the_list import changes, emails, joins, row, syncs
from tests.support.working import works

SECRET = "yaEgW3JvHz"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    made = make_app(MAILERLITE_WEBHOOK_SECRET=SECRET)
    set_up(made)
    return made


def tell(app: Flask, told: Any) -> None:
    raw = json.dumps(told).encode()
    header = hmac.digest(SECRET.encode(), raw, sha256).hex()
    answer = app.test_client().post("/webhooks/mailerlite", data=raw, headers={"Signature": header})
    assert answer.status_code == 200


def event(name: str, app: Flask, email: str, at: str = "2026-11-21 08:00:00") -> dict[str, Any]:
    """As MailerLite tells it; at the time of the event the row has an id."""
    id_ = row(app, email).mailerlite_id
    return {"event": f"subscriber.{name}", "id": id_, "email": email, "updated_at": at}


def hears(app: Flask) -> None:
    with app.app_context():
        inbox.drain()


def calls_left(sandbox: Sandbox) -> int:
    """In this minute, before this was asked."""
    answer = requests.get(
        f"{sandbox.mailerlite_base}/groups",
        headers={"Authorization": "Bearer sandbox", "Accept": "application/json"},
        timeout=10,
    )
    return int(answer.headers["X-RateLimit-Remaining"]) + 1


@on_each_database
def test_what_happened_there_is_read_and_believed_whatever_the_event_says(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """The events come late, twice and the wrong way round: true is what MailerLite says now."""
    joins(app, ADA, GRACE, now=clock())
    syncs(app)
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    gone = event("deleted", app, GRACE)
    Reader(sandbox, GRACE).is_deleted_at_mailerlite()
    tell(app, {"events": [event("bounced", app, ADA), gone], "total": 2})
    tell(app, event("unsubscribed", app, ADA))
    tell(app, event("unsubscribed", app, ADA))
    hears(app)
    syncs(app)
    assert (row(app, ADA).status, row(app, ADA).wants_letters) == ("unsubscribed", False)
    assert (row(app, GRACE).status, row(app, GRACE).wants_letters) == ("deleted", False)
    tell(app, event("active", app, ADA, "2026-11-21 07:00:00"))  # an old one, come last
    hears(app)
    syncs(app)
    assert row(app, ADA).status == "unsubscribed"
    assert not row(app, ADA).wants_letters


@pytest.mark.parametrize("first", ["active", "unsubscribed"])
def test_an_echo_does_not_swallow_what_came_beside_it(
    app: Flask, sandbox: Sandbox, clock: MovableClock, first: str
) -> None:
    """Events about one reader are seen to together, and only one of these is no news."""
    joins(app, ADA, now=clock())
    syncs(app)
    Reader(sandbox, ADA).unsubscribes_at_mailerlite()
    second = {"active": "unsubscribed", "unsubscribed": "active"}[first]
    tell(app, event(first, app, ADA))
    clock.passes(timedelta(seconds=1))
    tell(app, event(second, app, ADA))
    hears(app)
    syncs(app)
    assert (row(app, ADA).status, row(app, ADA).wants_letters) == ("unsubscribed", False)


def test_who_subscribes_there_again_gets_letters_again(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    joins(app, ADA, now=clock())
    syncs(app)
    changes(app, subscribers.stop_letters, ADA, now=clock())
    syncs(app)
    by_hand(sandbox, "POST", "subscribers", {"email": ADA, "resubscribe": True})
    tell(app, event("active", app, ADA))
    hears(app)
    syncs(app)
    assert row(app, ADA).wants_letters
    there = listed(sandbox, ADA)
    assert there
    assert (there.status, there.groups) == ("active", {"Free"})


@on_each_database
def test_echoes_of_what_we_write_cost_no_call(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """Whoever made the webhook by hand has ticked every event."""
    everybody = emails(60)
    joins(app, *everybody, now=clock())
    syncs(app)
    names = "created", "active", "updated", "added_to_group", "removed_from_group"
    for start in range(0, 60, 20):
        some = everybody[start : start + 20]
        tell(app, {"events": [event(name, app, email) for email in some for name in names]})
    before = calls_left(sandbox)
    hears(app)
    syncs(app)
    assert before - calls_left(sandbox) == 1  # this very question
    with app.app_context():
        waiting = select(func.count()).where(InboxEvent.due_at.is_not(None))
        assert db.session.scalar(waiting) == 0


def test_a_code_under_way_is_not_disturbed_by_the_event_that_it_causes(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """Handing a code to MailerLite makes them active there, and it tells so: their address is not
    proven yet, and stays on the list until it is."""
    changes(app, signup.ask, ADA, now=clock())
    works(app)
    there = listed(sandbox, ADA)
    assert there
    assert there.groups == {"Verify"}
    tell(app, event("active", app, ADA))
    tell(app, event("bounced", app, ADA))
    works(app)
    assert listed(sandbox, ADA) == there
    clock.passes(timedelta(days=8))
    works(app)
    assert listed(sandbox, ADA) is None


def list_is_emptied(app: Flask, sandbox: Sandbox, readers: list[str]) -> None:
    """By hand, and MailerLite tells of each of them, in one delivery or in several."""
    told = [event("deleted", app, email) for email in readers]
    for email in readers:
        Reader(sandbox, email).is_deleted_at_mailerlite()
    tell(app, {"events": told[:2]})
    hears(app)
    tell(app, {"events": told[2:]})
    hears(app)
    syncs(app)


def who_gets_letters(app: Flask, readers: list[str]) -> list[str]:
    return [email for email in readers if row(app, email).wants_letters]


def compared(app: Flask, *options: str) -> str:
    return app.test_cli_runner().invoke(args=["newsletter", "sync", *options]).output


@on_each_database
def test_who_empties_the_list_by_mistake_is_asked_before_everybodys_letters_end(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    readers = emails(10)
    joins(app, *readers, now=clock())
    syncs(app)
    list_is_emptied(app, sandbox, readers)
    left = readers[2:]
    clock.passes(timedelta(hours=1))
    assert who_gets_letters(app, readers) == left  # the first two were believed
    assert "That is too much to be true, so none did" in compared(app)
    assert who_gets_letters(app, readers) == left
    compared(app, "--another-list")  # the way back
    assert [email for email in readers if listed(sandbox, email)] == left


def test_once_the_owner_has_said_that_it_is_meant_the_letters_end(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    readers = emails(10)
    joins(app, *readers, now=clock())
    syncs(app)
    list_is_emptied(app, sandbox, readers)
    clock.passes(timedelta(hours=1))
    compared(app, "--force")
    assert who_gets_letters(app, readers) == []


def test_a_comparison_that_came_to_no_end_makes_the_list_no_smaller(
    app: Flask, clock: MovableClock
) -> None:
    """Six of two hundred are not too many, whatever became of the last night."""
    rows = [
        {"email": email, "mailerlite_id": str(number), "letters": True, "confirmed_at": clock()}
        | {"status": "active", "created_at": clock(), "attempts": 0}
        for number, email in enumerate(emails(200))
    ]
    with app.app_context(), transaction() as session:
        session.execute(insert(Subscriber), rows)
        session.add(ListSweep(error="404", ended_at=clock()))
    gone = emails(6)
    tell(app, {"events": [event("deleted", app, email) for email in gone]})
    hears(app)
    assert [row(app, email).reread for email in gone] == [True] * 6


def test_whom_we_take_off_ourselves_makes_nobody_harder_to_believe(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    """Strangers' addresses that nobody proved go after a week, as many as there are."""
    readers, strangers = emails(10), [f"stranger{n}@example.com" for n in range(20)]
    joins(app, *readers, now=clock())
    with app.app_context(), transaction() as rows:
        for email in strangers:
            signup.ask(rows, email, now=clock())
    works(app)
    syncs(app)
    there = sandbox.lists.store
    assert len(there.find("subscriber")) == len(readers) + len(strangers)
    gone = [event("deleted", app, email) for email in strangers]
    clock.passes(timedelta(days=8))
    works(app)
    syncs(app)
    assert len(there.find("subscriber")) == len(readers)
    tell(app, {"events": gone})
    list_is_emptied(app, sandbox, readers[:3])
    assert who_gets_letters(app, readers) == readers[3:]


def test_a_few_who_are_deleted_in_a_day_are_believed(
    app: Flask, sandbox: Sandbox, clock: MovableClock
) -> None:
    readers = emails(10)
    joins(app, *readers, now=clock())
    syncs(app)
    for some in (readers[:5], readers[5:]):
        list_is_emptied(app, sandbox, some)
        clock.passes(timedelta(days=1))
    assert who_gets_letters(app, readers) == []
