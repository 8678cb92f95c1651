"""Events at the desk: whether they come, what became of each, and trying again."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select, update

from membership.billing.repair.missed_events import EventSweep
from membership.db import changed, db, transaction
from membership.inbox import InboxEvent
from membership.journal import Entry
from sandbox.server import Sandbox
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.paying import chooses, copy_catalogue, pays, way_back
from tests.support.people import PASSWORD
from tests.support.stripe_signs import body, event, signature

EVENTS = "/admin/events"
NASTY = "<script>alert(1)</script>\u202e"


def tells(app: Flask, number: int, **about: object) -> None:
    """Stripe tells of a customer that nobody has: reading it fails."""
    raw = body(event(f"evt_{number}", about={"id": f"sub_{number}", "customer": "cus_1", **about}))
    headers = {"Stripe-Signature": signature(raw)}
    assert app.test_client().post("/webhooks/stripe", data=raw, headers=headers).status_code == 200


def numbers(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(InboxEvent.id).order_by(InboxEvent.id)))


def gives_up(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        given_up = {"due_at": None, "attempts": 9, "given_up_at": clock()}
        changed(session, update(InboxEvent).values({**given_up, "last_error": f"Why: {NASTY}"}))


@on_each_database
def test_one_that_was_given_up_is_seen_with_its_reason_and_tried_again(
    owner: Browser, app: Flask, clock: MovableClock
) -> None:
    tells(app, 1, description=NASTY)
    gives_up(app, clock)
    (number,) = numbers(app)
    listed = owner.get(f"{EVENTS}?which=failed").text
    assert "customer.subscription.updated" in listed
    assert "Given up on" in listed
    assert " UTC after 9 tries" in listed
    page = owner.get(f"{EVENTS}/{number}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in page
    assert "<script>alert" not in page
    assert page.count("alert(1)") == 2  # in what was sent, and in why it failed
    answer = owner.submit(f"{EVENTS}/{number}", action=f"{EVENTS}/{number}/replay")
    assert "It is being worked on again" in owner.follow(answer).text
    with app.app_context():
        row = db.session.get_one(InboxEvent, number)
        assert (row.attempts, row.given_up_at, row.due_at) == (0, None, clock())
        act = db.session.scalars(select(Entry).where(Entry.kind == "owner.replayed")).one()
        assert act.detail["event"] == "evt_1"


@on_each_database
def test_all_that_failed_are_tried_again_and_nothing_else(
    owner: Browser, app: Flask, clock: MovableClock
) -> None:
    for number in (1, 2):
        tells(app, number)
    gives_up(app, clock)
    tells(app, 3)
    with app.app_context(), transaction() as session:
        done = update(InboxEvent).where(InboxEvent.event_id == "evt_3")
        changed(session, done.values(due_at=None, done_at=clock()))
    page = f"{EVENTS}?which=failed"
    answer = owner.submit(page, action=f"{EVENTS}/replay")
    assert "2 events are being worked on again" in owner.follow(answer).text
    with app.app_context():
        due = select(InboxEvent.event_id).where(InboxEvent.due_at.is_not(None))
        assert sorted(db.session.scalars(due)) == ["evt_1", "evt_2"]
    token = owner.token_on(page)
    again = owner.post(f"{EVENTS}/replay", {"csrf_token": token})
    assert "No event has failed" in owner.follow(again).text


def test_what_was_emptied_says_so_and_shows_no_more(
    owner: Browser, app: Flask, clock: MovableClock, work: Callable[[], None]
) -> None:
    tells(app, 1, description="about a person")
    clock.passes(timedelta(days=400))
    work()
    (number,) = numbers(app)
    page = owner.get(f"{EVENTS}/{number}")
    if page.status_code == HTTPStatus.SEE_OTHER:  # the session has ended meanwhile
        owner.submit("/login", action="/login", email="olive@example.com", password=PASSWORD)
        page = owner.get(f"{EVENTS}/{number}")
    assert "It was emptied on" in page.text
    assert "about a person" not in page.text.replace("is about a person", "")


def test_pages_of_fifty_and_a_fixed_number_of_questions(owner: Browser, app: Flask) -> None:
    def asks(path: str) -> int:
        with asked_of(app) as asked:
            assert owner.get(path).status_code == HTTPStatus.OK
        whole = read_whole(app, asked)
        assert [each for each in whole if "ORDER BY inbox.id DESC" not in each] == []
        return len(asked)

    tells(app, 0)
    one = asks(EVENTS)
    for number in range(1, 53):
        tells(app, number)
    assert asks(EVENTS) == one
    first = owner.get(EVENTS).text
    assert first.count(f'href="{EVENTS}/') == 50
    ids = numbers(app)
    assert f"before={ids[3]}" in first
    older = owner.get(f"{EVENTS}?before={ids[3]}").text
    assert older.count(f'href="{EVENTS}/') == 3
    assert "Older ones" not in older


@pytest.mark.parametrize(
    "path", ["/0", "/999999", "/99999999999999999999", "?which=nonsense", "/evt_1"]
)
def test_what_is_not_there_is_not_found(owner: Browser, path: str) -> None:
    assert owner.get(f"{EVENTS}{path}").status_code == HTTPStatus.NOT_FOUND


def test_a_place_that_cannot_be_is_no_error(owner: Browser) -> None:
    for place in ("x", "-1", "99999999999999999999999"):
        assert owner.get(f"{EVENTS}?before={place}").status_code == HTTPStatus.OK


def test_without_a_token_nothing_is_tried_again(
    owner: Browser, app: Flask, clock: MovableClock
) -> None:
    tells(app, 1)
    gives_up(app, clock)
    for path in (f"{EVENTS}/1/replay", f"{EVENTS}/replay"):
        assert owner.post(path, {}).status_code == HTTPStatus.BAD_REQUEST
    with app.app_context():
        assert db.session.scalars(select(InboxEvent.due_at)).one() is None


def test_a_checkout_that_was_paid_and_of_which_no_webhook_came(
    owner: Browser, grace: Browser, app: Flask, elsewhere: Elsewhere, clock: MovableClock
) -> None:
    """Nobody listens, and Grace comes back from Stripe's page."""
    copy_catalogue(app)
    grace.follow(grace.get(way_back(pays(elsewhere, chooses(grace, app)))))
    clock.passes(timedelta(minutes=9))
    words = "Checkouts completed, and no webhook came"
    assert words not in owner.get(EVENTS).text
    clock.passes(timedelta(minutes=1))
    assert words in owner.get(EVENTS).text
    clock.passes(timedelta(days=1))
    assert words not in owner.get(EVENTS).text


@pytest.mark.usefixtures("listening")
def test_when_webhooks_come_nothing_is_missing(
    owner: Browser,
    grace: Browser,
    app: Flask,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    clock: MovableClock,
    work: Callable[[], None],
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    clock.passes(timedelta(minutes=20))
    assert "no webhook came" not in owner.get(EVENTS).text


def test_events_that_had_to_be_fetched_are_told_of_until_a_webhook_comes(
    owner: Browser, app: Flask, sandbox: Sandbox, clock: MovableClock, work: Callable[[], None]
) -> None:
    tells(app, 1)
    work()
    clock.passes(timedelta(minutes=20))
    with app.app_context(), transaction() as session:
        sweep = session.get_one(EventSweep, 1)
        sweep.missed, sweep.missed_at = 1, clock()
    page = owner.get(EVENTS).text
    assert "Had to be fetched" in page
    clock.passes(timedelta(minutes=1))
    tells(app, 2)
    assert "Had to be fetched" not in owner.get(EVENTS).text
