"""Leaving: at Stripe first, then all of it here, and nothing brings anybody back."""

import json
import threading
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership import journal
from membership.accounts.models import User
from membership.billing import events, sync, tombstones
from membership.billing.goodbye import departure
from membership.billing.models import CheckoutTurn
from membership.billing.stripe_api import StripeError
from membership.billing.tombstones import Tombstone
from membership.db import Model, db, transaction
from membership.inbox import InboxEvent
from membership.journal import Entry
from membership.newsletter.models import Subscriber
from membership.outbox import OutboxMessage
from membership.waits import TooSoon
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.behind_our_back import found, reconciles
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.failing import PowerCut, everything, failing_at
from tests.support.leaving import places, says_goodbye, subscribes
from tests.support.links import bound, payment_link, pays_by_link
from tests.support.mail import Work, code_for, mails_to
from tests.support.mailerlite_has import listed, set_up
from tests.support.paying import (
    ask_stripe,
    chooses,
    copy_catalogue,
    newest_at_stripe,
    offers_trial,
    pays,
)
from tests.support.people import ADA, EDSGER, GRACE, PASSWORD, opens_account, signs_in
from tests.support.watched_stripe import watched

GOES_ON = (
    "subscriptions",
    "inbox",
    "sync_tickets",
    "heartbeats",
    "event_sweeps",
    "reconciliations",
)
HOUR = timedelta(hours=1)
WORK_ADDRESS = "grace.at.work@example.com"


def statuses(sandbox: Sandbox) -> list[str]:
    listed: object = ask_stripe(sandbox, "subscriptions?status=all&limit=100", method="GET")["data"]
    assert isinstance(listed, list)
    return [one["status"] for one in listed]


def members(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(User.email).order_by(User.id)))


def count(app: Flask, model: type[Model]) -> int:
    with app.app_context():
        return db.session.query(model).count()


def becomes_owner(app: Flask, email: str) -> None:
    with app.app_context(), transaction() as session:
        session.scalars(select(User).where(User.email == email)).one().is_owner = True


def pays_twice(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    """A subscription of her own, and one that she claimed."""
    subscribes(grace, app, elsewhere, work)
    pays_by_link(elsewhere, payment_link(app, sandbox), WORK_ADDRESS)
    work()
    grace.submit("/claim", action="/claim", email=WORK_ADDRESS)
    work()
    code = code_for(sandbox, WORK_ADDRESS)
    grace.submit("/claim", action="/claim", having={"code": ""}, code=code)


# Before


def test_the_page_says_what_will_happen(
    grace: Browser, app: Flask, listening: str, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    page = grace.get("/account/goodbye").text
    assert "Ends now, and nothing more is charged" in page
    assert "not given back by itself" in page
    assert f"Keep sending me the newsletter, to {GRACE}" in page
    assert 'href="/account/goodbye"' in grace.get("/account").text


def test_a_visitor_has_nothing_to_close(visitor: Browser) -> None:
    assert visitor.get("/account/goodbye").location == "/login?next=/account/goodbye"
    token = visitor.token_on("/login")
    assert visitor.post("/account/goodbye", {"csrf_token": token}).location == "/goodbye"
    assert "If you have just closed your account" in visitor.get("/goodbye").text


def test_the_only_owner_stays(grace: Browser, ada: Browser, app: Flask) -> None:
    becomes_owner(app, GRACE)
    answer = says_goodbye(grace)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "You are the only owner of this site" in answer.text
    becomes_owner(app, ADA)
    assert says_goodbye(grace).location == "/goodbye"
    assert "only owner" in says_goodbye(ada).text
    assert members(app) == [ADA]


# At Stripe


def test_nothing_happens_while_stripe_does_not_answer(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    sandbox.faults.stripe = "down"
    with app.app_context():
        before = everything(but=("attempts", "sync_tickets"))
    answer = says_goodbye(grace)
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Stripe does not answer just now" in answer.text
    with app.app_context():
        assert everything(but=("attempts", "sync_tickets")) == before
    sandbox.faults.stripe = None
    assert statuses(sandbox) == ["active"]
    assert says_goodbye(grace).location == "/goodbye"
    assert statuses(sandbox) == ["canceled"]


def test_a_goodbye_that_stopped_half_way_goes_on_from_there(
    grace: Browser,
    make_app: MakeApp,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    pays_twice(grace, app, sandbox, work, elsewhere)
    with watched(sandbox.url) as door:
        there = make_app(STRIPE_API_BASE=f"{door.url}/stripe")
        with there.app_context():
            user_id = db.session.scalars(select(User.id)).one()
            door.down_after = 10
            while sorted(statuses(sandbox)) != ["active", "canceled"]:
                door.calls.clear()
                door.down_after += 1
                with pytest.raises(StripeError):
                    departure.leave(user_id, letters=False)
    assert members(app) == [GRACE]
    assert grace.get("/account").status_code == HTTPStatus.OK
    assert says_goodbye(grace).location == "/goodbye"
    assert statuses(sandbox) == ["canceled", "canceled"]


def test_killed_at_any_moment_it_is_all_there_or_all_gone(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    sandbox.webhooks_paused = True  # only what leaving writes is counted
    whole = 0
    with app.app_context():
        user_id = db.session.scalars(select(User.id)).one()
        for write in range(5, 100, 3):
            try:
                with failing_at(write):
                    departure.leave(user_id, letters=False)
                break
            except PowerCut:
                db.session.rollback()
            except departure.GoneAlready:
                break
            with transaction() as session:
                session.query(CheckoutTurn).delete()  # its lease is over
            if statuses(sandbox) == ["canceled"] and db.session.query(User).count():
                whole += 1
                rows = everything()
                assert all(rows[table] for table in ("sign_ins", "grants", "subscribers"))
                assert not rows["tombstones"]
    assert whole > 4
    assert members(app) == []
    work()
    assert places(app, GRACE) == set()


def test_a_page_to_pay_on_that_is_open_somewhere_is_closed(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    copy_catalogue(app)
    page = chooses(grace, app)
    assert says_goodbye(grace).location == "/goodbye"
    session_id = newest_at_stripe(sandbox, "checkout/sessions")
    found = ask_stripe(sandbox, f"checkout/sessions/{session_id}", method="GET")
    assert found["status"] == "expired"
    assert "subscription" not in elsewhere.get(page).url
    assert statuses(sandbox) == []


def test_what_was_paid_a_moment_before_is_cancelled_too(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    """Its webhook has not come."""
    copy_catalogue(app)
    page = chooses(grace, app)
    sandbox.webhooks_paused = True
    pays(elsewhere, page)
    assert says_goodbye(grace).location == "/goodbye"
    assert statuses(sandbox) == ["canceled"]


# Here


@on_each_database
def test_two_windows_close_one_account(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    with app.app_context():
        user_id = db.session.scalars(select(User.id)).one()
    outcomes: list[str] = []

    def leaves() -> None:
        with app.app_context():
            try:
                departure.leave(user_id, letters=False)
                outcomes.append("closed")
            except departure.GoneAlready:
                outcomes.append("gone already")
            except TooSoon:  # the other one takes its time
                outcomes.append("has to wait")

    windows = [threading.Thread(target=leaves) for _ in range(2)]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert min(outcomes) == "closed"
    assert max(outcomes) in ("gone already", "has to wait")
    work()
    assert mails_to(sandbox, GRACE).count("Your account at Latchkey is closed") == 1


def test_a_second_press_finds_the_receipt(grace: Browser, app: Flask) -> None:
    token = grace.token_on("/account/goodbye")
    says_goodbye(grace)
    again = grace.post("/account/goodbye", {"csrf_token": token, "password": PASSWORD, "sure": "y"})
    assert again.status_code in (HTTPStatus.SEE_OTHER, HTTPStatus.BAD_REQUEST)
    assert "Your account is closed" in grace.get("/goodbye").text


def test_others_stay_as_they_were(
    grace: Browser,
    ada: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    subscribes(ada, app, elsewhere, work)
    subscribes(grace, app, elsewhere, work)
    hers = ada.get("/account/data.json").json
    says_goodbye(grace)
    work()
    still = ada.get("/account/data.json").json
    assert hers
    assert still
    assert {k: v for k, v in still.items() if k != "made_at"} == {
        k: v for k, v in hers.items() if k != "made_at"
    }
    assert ada.get("/premium").status_code == HTTPStatus.OK
    assert sorted(statuses(sandbox)) == ["active", "canceled"]


def test_the_history_stays_and_names_nobody(
    grace: Browser, app: Flask, listening: str, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    with app.app_context():
        before = db.session.query(Entry).count()
    says_goodbye(grace)
    with app.app_context():
        entries = db.session.query(Entry).all()
        assert len(entries) > before
        assert {(e.user_id, e.email, e.ip) for e in entries} == {(None, None, None)}
        assert len({e.detail["person"] for e in entries}) == 1
        assert entries[-1].kind == "account.closed"


def test_every_table_that_points_at_a_member_is_thought_of() -> None:
    """A new one belongs into accounts/leaving.py or billing/goodbye/forgetting.py, or its rows go
    with the member's: ondelete="CASCADE"."""
    pointing = {
        table.name
        for table in Model.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "users" and key.ondelete != "CASCADE"
    }
    assert pointing == {
        "address_changes",
        "checkout_turns",
        "checkouts",
        "customers",
        "feed_keys",
        "grants",
        "password_resets",
        "sign_ins",
    }


# The newsletter


def test_the_letters_go_on_when_that_is_wanted(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    work()
    page = grace.follow(says_goodbye(grace, letters="y"))
    work()
    assert "Your address on the newsletter" in page.text
    assert places(app, GRACE) == {"subscribers.email"}
    there = listed(sandbox, GRACE)
    assert there
    assert (there.status, there.groups) == ("active", {"Free"})


def test_mailerlite_forgets_when_it_is_back(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    work()
    sandbox.faults.mailerlite = "down"
    page = grace.follow(says_goodbye(grace))
    assert "until MailerLite" in page.text
    work()
    assert places(app, GRACE) == {"subscribers.email"}
    sandbox.faults.mailerlite = None
    clock.passes(2 * HOUR)
    work()
    assert places(app, GRACE) == set()
    assert listed(sandbox, GRACE) is None


def test_whoever_joins_again_before_mailerlite_has_forgotten_is_on_the_list(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    work()
    sandbox.faults.mailerlite = "down"
    says_goodbye(grace)
    work()
    visitor.submit("/", action="/subscribe", email=GRACE)
    clock.passes(HOUR / 10)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, GRACE), password=PASSWORD)
    sandbox.faults.mailerlite = None
    clock.passes(2 * HOUR)
    work()
    assert listed(sandbox, GRACE)
    with app.app_context():
        assert db.session.query(Subscriber).one().left_at is None


# Afterwards


@on_each_database
def test_late_events_change_nothing_and_mail_nobody(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    customer = newest_at_stripe(sandbox, "customers")
    sandbox.webhooks_paused = True
    ask_stripe(sandbox, f"customers/{customer}", {"name": "Grace Hopper"})
    says_goodbye(grace)
    work()
    with app.app_context():
        before, mails = everything(but=GOES_ON), len(sandbox.mailbox.messages)
        told = db.session.query(InboxEvent).count()
    sandbox.webhooks_paused = False
    ask_stripe(sandbox, f"customers/{customer}", {"email": "again@example.com"})
    work()
    with app.app_context():
        assert db.session.query(InboxEvent).count() > told
        assert db.session.query(InboxEvent).where(InboxEvent.due_at.is_not(None)).count() == 0
        assert everything(but=GOES_ON) == before
    assert len(sandbox.mailbox.messages) == mails
    assert places(app, GRACE, "again@example.com", "Grace Hopper") == set()


def test_no_comparison_and_no_missed_event_brings_anybody_back(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    subscribes(grace, app, elsewhere, work)
    sandbox.webhooks_paused = True
    says_goodbye(grace)
    charge = newest_at_stripe(sandbox, "charges")
    ask_stripe(sandbox, "refunds", {"charge": charge})
    with app.app_context():
        told = db.session.query(InboxEvent).count()
    clock.passes(HOUR)
    work()  # finds what was missed
    work()  # and looks at it
    with app.app_context():
        assert db.session.query(InboxEvent).count() > told
    with app.app_context():
        before = everything(but=GOES_ON)
    output = reconciles(app)
    assert found(app) == [], output
    with app.app_context():
        assert everything(but=GOES_ON) == before
    assert places(app, GRACE) == set()


def test_the_same_address_joins_again_as_somebody_new(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    assert grace.get("/premium").status_code == HTTPStatus.OK
    says_goodbye(grace)
    clock.passes(HOUR)
    opens_account(app, GRACE)
    again = signs_in(visitor, GRACE)
    work()
    assert again.get("/premium").status_code == HTTPStatus.PAYMENT_REQUIRED
    assert "You are on Free" in again.get("/account").text
    assert statuses(sandbox) == []
    assert bound(app) == [(None, None)]
    customer = newest_at_stripe(sandbox, "customers")
    bind = app.test_cli_runner().invoke(args=["billing", "bind", customer, GRACE])
    assert bind.exit_code != 0
    # And may buy it again, as a customer of their own.
    pays(elsewhere, chooses(again, app, "guide"))
    work()
    assert again.get("/premium").status_code == HTTPStatus.OK


def test_one_free_trial_a_person_outlives_the_account(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    copy_catalogue(app)
    offers_trial(app, sandbox)
    pays(elsewhere, chooses(grace, app))
    work()
    assert "has had its free trial" in grace.follow(says_goodbye(grace)).text
    clock.passes(HOUR)
    opens_account(app, GRACE)
    pays(elsewhere, chooses(signs_in(visitor, GRACE), app))
    work()
    assert sorted(statuses(sandbox)) == ["active", "canceled"]


def test_a_receipt_that_cannot_be_mailed_yet_waits_and_then_leaves_no_row(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    work()
    sandbox.mail_refused = 1.0
    says_goodbye(grace)
    work()
    assert places(app, GRACE) == {"outbox.recipient"}
    sandbox.mail_refused = 0.0
    clock.passes(2 * HOUR)
    work()
    assert mails_to(sandbox, GRACE)[-1] == "Your account at Latchkey is closed"
    assert count(app, OutboxMessage) == 0


def test_whose_address_somebody_else_paid_with_keeps_their_letters_and_their_name(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    """The owner has given Grace what Edsger, who only reads the letters, had paid."""
    set_up(app)
    visitor.submit("/", action="/subscribe", email=EDSGER)
    clock.passes(HOUR / 10)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, EDSGER))
    work()
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), EDSGER)
    work()
    customer = newest_at_stripe(sandbox, "customers")
    bind = app.test_cli_runner().invoke(args=["billing", "bind", customer, GRACE])
    assert bind.exit_code == 0, bind.output
    says_goodbye(grace)
    work()
    assert statuses(sandbox) == ["canceled"]
    assert places(app, GRACE) == set()
    assert listed(sandbox, EDSGER)
    assert {"subscribers.email", "journal.email"} <= places(app, EDSGER)


def test_an_address_inside_another_is_another(app: Flask, grace: Browser) -> None:
    with app.app_context(), transaction() as session:
        journal.record(session, "comp.given", user_id=0, because=f"a friend of mar{GRACE}")
        journal.record(session, "comp.given", user_id=0, because=f"a friend of {GRACE}.")
        user_id = session.scalars(select(User.id)).one()
        journal.record(session, "owner.gave", user_id=0, by=user_id)
        journal.record(session, "owner.gave", user_id=0, by=int(f"{user_id}1"))
    says_goodbye(grace)
    with app.app_context():
        told = [e.detail for e in db.session.query(Entry).where(Entry.user_id == 0)]
    assert told[:2] == [{"because": f"a friend of mar{GRACE}"}, {}]
    assert isinstance(told[2]["by"], str)  # an id may be given out again
    assert told[3] == {"by": int(f"{user_id}1")}


def test_a_reading_that_was_under_way_when_they_left_is_not_written(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    subscribes(grace, app, elsewhere, work)
    customer = newest_at_stripe(sandbox, "customers")
    with app.app_context():
        user_id = db.session.scalars(select(User.id)).one()
        departure.leave(user_id, letters=False)
        with transaction() as session:
            session.query(Tombstone).delete()
        reading = sync.begin(customer)
        truth = sync.read(reading)  # as if it had begun before
        with transaction() as session:
            tombstones.put_up(session, [customer], now=clock())
        sync.write(reading, truth)
    assert truth
    work()
    assert places(app, GRACE) == set()


def test_of_an_event_that_means_nothing_to_us_nothing_is_kept_once_they_left(
    grace: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    subscribes(grace, app, elsewhere, work)
    about = {"customer": newest_at_stripe(sandbox, "customers"), "receipt_email": GRACE}
    event = {"id": "evt_1", "type": "payment_intent.created", "data": {"object": about}}
    with app.app_context():
        assert GRACE in events.row(event, json.dumps(event)).body
    says_goodbye(grace)
    with app.app_context():
        assert events.row(event, json.dumps(event)).body == "{}"
