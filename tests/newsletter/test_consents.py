"""Who agreed to what is known for certain, and says nothing of whoever was forgotten."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership import clock as clocks
from membership.accounts import registration
from membership.accounts.models import User
from membership.db import db, transaction
from membership.newsletter import consents, wording
from membership.newsletter.consents import Act, Consent, Place, Proof, Words
from membership.newsletter.models import Challenge, Subscriber
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.leaving import places, says_goodbye
from tests.support.mail import Work, code_for
from tests.support.mailerlite_has import becomes, set_up
from tests.support.moving import NEW, moves
from tests.support.people import GRACE, OLIVE, PASSWORD, opens_account, signs_in
from tests.support.readers import HUGO, consents_of, subscribes


@on_each_database
def test_the_form_says_what_is_agreed_to_and_the_code_proves_who_agreed(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    assert wording.FORM in visitor.get("/").text
    asked_at = clock()
    visitor.submit("/", action="/subscribe", email=HUGO)
    (asked,) = consents_of(app, HUGO)
    assert asked.proven_at is None
    work()
    clock.passes(timedelta(minutes=5))
    visitor.submit("/join", action="/join", code=code_for(sandbox, HUGO))
    (proven,) = consents_of(app, HUGO)
    assert (proven.act, proven.place, proven.agreed_to) == (Act.AGREED, Place.HOME, wording.FORM)
    assert (proven.at, proven.proven_at) == (asked_at, clock())
    assert (proven.proof, proven.ip, proven.expires_at) == (Proof.CODE, "127.0.0.1", None)
    with app.app_context():
        code = db.session.get_one(Challenge, proven.challenge_id)
        assert code.email == HUGO
        assert code.spent_at == clock()


def test_what_a_stranger_enters_proves_nothing_and_goes_after_a_week(
    visitor: Browser, app: Flask, work: Work, clock: MovableClock
) -> None:
    for _ in range(2):  # and the newest alone is kept
        visitor.submit("/", action="/subscribe", email=HUGO)
    assert [row.proven_at for row in consents_of(app, HUGO)] == [None]
    clock.passes(timedelta(days=6))
    work()
    assert len(consents_of(app, HUGO)) == 1
    clock.passes(timedelta(days=2))
    work()
    assert consents_of(app, HUGO) == []


@on_each_database
@pytest.mark.parametrize("stranger_first", [True, False])
def test_only_the_asking_of_the_browser_that_has_the_code_is_proven(
    app: Flask,
    site_url: str,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
    stranger_first: bool,
) -> None:
    hugo = Browser(app, site_url, address="198.51.100.1")
    stranger = Browser(app, site_url, address="203.0.113.9")
    for who, where in sorted(
        [(hugo, "subscribe page"), (stranger, "home page")],
        key=lambda asks: (asks[0] is hugo) is stranger_first,
    ):
        who.submit("/", action="/subscribe", email=HUGO, place=where)
        work()
        clock.passes(timedelta(minutes=2))
    hugo.submit("/join", action="/join", code=code_for(sandbox, HUGO))
    hugo.submit("/join", action="/join", password=PASSWORD)
    (his,) = [row for row in consents_of(app, HUGO) if row.proven_at]
    assert (his.place, his.ip) == (Place.SUBSCRIBE, "198.51.100.1")
    clock.passes(timedelta(days=8))
    work()
    assert [row.id for row in consents_of(app, HUGO)] == [his.id]


def test_a_code_used_elsewhere_proves_the_asking_it_was_made_for(
    app: Flask, site_url: str, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    sandbox.mailerlite_fault = "down"
    hugo, stranger, phone = (
        Browser(app, site_url, address=f"198.51.100.{number}") for number in (1, 2, 3)
    )
    stranger.submit("/", action="/subscribe", email=HUGO)
    clock.passes(timedelta(hours=1))  # of that code nothing came
    for who in (hugo, Browser(app, site_url, address="203.0.113.9")):
        who.submit("/", action="/subscribe", email=HUGO)
        clock.passes(timedelta(minutes=2))
    work()
    link = re.search(r"(/join/link/\S+)", sandbox.mailbox.latest(to=HUGO).text)
    assert link
    phone.submit(link[1], action=link[1])
    (his,) = [row for row in consents_of(app, HUGO) if row.proven_at]
    assert his.ip == "198.51.100.1"


@pytest.mark.parametrize("place", ["home page", "join page", "account page", "the moon"])
def test_where_it_was_said_is_one_of_our_pages(visitor: Browser, app: Flask, place: str) -> None:
    visitor.submit("/", action="/subscribe", email=HUGO, place=place)
    (row,) = consents_of(app, HUGO)
    assert row.place == (place if place in ("home page", "join page") else Place.SUBSCRIBE)


def test_words_are_kept_as_they_stood_there_then(app: Flask) -> None:
    with app.app_context():
        for words in ("Two letters a week.", "One letter a week.", "Two letters a week."):
            with transaction() as session:
                consents.agreed(session, HUGO, Place.HOME, words, Proof.CODE, now=clocks.now())
        said = [row.agreed_to for row in consents.of(db.session(), HUGO)]
        assert said == ["Two letters a week.", "One letter a week.", "Two letters a week."]
        assert len(db.session.scalars(select(Words)).all()) == 2


def test_a_member_switches_letters_off_and_on_and_both_are_written_down(
    app: Flask, grace: Browser
) -> None:
    page = grace.get("/account").text
    assert "Stop the letters" in page
    token = grace.token_on("/account")
    for letters in ("off", "off", "on", "on"):
        grace.post("/account/letters", {"csrf_token": token, "letters": letters})
    rows = consents_of(app, GRACE)
    assert [(row.act, row.place, row.agreed_to) for row in rows] == [
        (Act.WITHDREW, Place.ACCOUNT, None),
        (Act.AGREED, Place.ACCOUNT, wording.AGAIN),
    ]
    assert rows[1].proof is Proof.SIGNED_IN
    told = grace.get("/account/data").text
    assert wording.AGAIN in told
    assert "account page" in told


@on_each_database
def test_of_whoever_was_forgotten_it_can_be_shown_to_who_knows_the_address(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    token = grace.token_on("/account")
    for letters in ("off", "on"):
        grace.post("/account/letters", {"csrf_token": token, "letters": letters})
    page = grace.follow(says_goodbye(grace)).text
    assert "That you had agreed to the letters" in page
    work()
    assert places(app, GRACE) == set()
    with app.app_context():
        kept = consents.of(db.session(), GRACE)
        assert [row.act for row in kept] == [Act.WITHDREW, Act.AGREED]
        assert kept[1].agreed_to == wording.AGAIN
        assert {(row.email, row.ip, row.challenge_id) for row in kept} == {(None, None, None)}
        assert consents.of(db.session(), HUGO) == []
    clock.passes(consents.KEPT_FOR + timedelta(days=1))
    work()
    with app.app_context():
        assert db.session.query(Consent).count() == 0


def test_it_is_found_when_the_secret_key_was_changed(make_app: MakeApp) -> None:
    old, new = "the key that was there before this", "the key that is there from now on"
    with make_app(SECRET_KEY=old).app_context(), transaction() as session:
        consents.agreed(session, HUGO, Place.HOME, "Yes", Proof.CODE, now=clocks.now())
        consents.forget(session, [HUGO], now=clocks.now())
    with make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=old).app_context():
        assert [row.agreed_to for row in consents.of(db.session(), HUGO)] == ["Yes"]
    with make_app(SECRET_KEY=new).app_context():
        assert consents.of(db.session(), HUGO) == []


def test_the_owner_sees_it_by_a_command(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    said = app.test_cli_runner().invoke(args=["newsletter", "consent", HUGO]).output
    assert "home page" in said
    assert wording.FORM in said
    assert "proven by code" in said
    nobody = app.test_cli_runner().invoke(args=["newsletter", "consent", "nobody@example.com"])
    assert "Nothing was ever agreed to with nobody@example.com" in nobody.output


@on_each_database
def test_what_is_said_at_mailerlite_is_written_down_too(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, listening: str
) -> None:
    set_up(app)
    subscribes(visitor, sandbox, work)
    becomes(sandbox, HUGO, "unsubscribed")
    with app.app_context(), transaction() as session:
        row = session.scalars(select(Subscriber).where(Subscriber.email == HUGO)).one()
        row.due_at, row.reread = clocks.now(), True
    work()
    _, said = consents_of(app, HUGO)
    assert (said.act, said.place, said.ip) == (Act.WITHDREW, Place.MAILERLITE, None)


def test_it_moves_with_a_member_and_goes_with_them(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    token = grace.token_on("/account")
    for letters in ("off", "on"):
        grace.post("/account/letters", {"csrf_token": token, "letters": letters})
    moves(grace, sandbox, work)
    assert consents_of(app, GRACE) == []
    assert [row.act for row in consents_of(app, NEW)] == [Act.WITHDREW, Act.AGREED, Act.MOVED]
    says_goodbye(grace)
    work()
    assert places(app, GRACE, NEW) == set()


def test_the_owner_reads_on_a_members_page_what_they_agreed_to(
    grace: Browser, browser: Callable[[], Browser], app: Flask
) -> None:
    token = grace.token_on("/account")
    for letters in ("off", "on"):
        grace.post("/account/letters", {"csrf_token": token, "letters": letters})
    opens_account(app, OLIVE)
    with app.app_context(), transaction() as session:
        registration.make_owner(
            session, session.scalars(select(User).where(User.email == OLIVE)).one()
        )
        hers = session.scalars(select(User.id).where(User.email == GRACE)).one()
    page = signs_in(browser(), OLIVE).get(f"/admin/people/{hers}").text
    assert f"“{wording.AGAIN}”" in page
    assert "Withdrew, account page" in page
    assert "Proven: signed in" in page
