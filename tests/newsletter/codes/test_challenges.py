"""A code has five tries, one use and half an hour, whoever's address it is."""

from datetime import timedelta
from functools import partial

from flask import Flask

from membership.db import db, transaction
from membership.newsletter.codes import challenges, digits
from membership.newsletter.codes.challenges import Gone, Proven, Wrong
from membership.newsletter.models import Challenge
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.threads import at_once

ADA = "ada@example.com"


def issued(app: Flask, clock: MovableClock, email: str = ADA, purpose: str = "join") -> str:
    with app.app_context(), transaction() as session:
        return challenges.code_of(challenges.issue(session, email, purpose, now=clock()))


def checked(
    app: Flask, clock: MovableClock, code: str, email: str = ADA, purpose: str = "join"
) -> Proven | Wrong | Gone:
    with app.app_context(), transaction() as session:
        return challenges.check(session, email, purpose, code, now=clock())


def not_(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@on_each_database
def test_the_right_code_proves_the_address_once(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    assert isinstance(checked(app, clock, code), Proven)
    assert checked(app, clock, code) == Gone()


@on_each_database
def test_five_wrong_tries_end_a_code(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    told = [checked(app, clock, not_(code)) for _ in range(5)]
    assert told == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Gone()]
    assert checked(app, clock, code) == Gone()


def test_an_address_without_a_code_answers_the_same(app: Flask, clock: MovableClock) -> None:
    told = [checked(app, clock, "000000", "nobody@example.com") for _ in range(6)]
    assert told == [Wrong(4), Wrong(3), Wrong(2), Wrong(1), Gone(), Gone()]


def test_guessing_beforehand_does_not_spoil_the_code_that_comes(
    app: Flask, clock: MovableClock
) -> None:
    for _ in range(5):
        checked(app, clock, "000000")
    assert isinstance(checked(app, clock, issued(app, clock)), Proven)


def test_the_same_code_is_sent_while_it_lives_and_a_fresh_one_after(
    app: Flask, clock: MovableClock
) -> None:
    first = issued(app, clock)
    clock.passes(timedelta(minutes=29))
    assert issued(app, clock) == first
    clock.passes(timedelta(minutes=2))
    assert issued(app, clock) != first


def test_an_expired_code_opens_nothing(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    clock.passes(timedelta(minutes=30))
    assert not isinstance(checked(app, clock, code), Proven)


def test_a_code_serves_its_own_address_and_purpose_only(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    assert not isinstance(checked(app, clock, code, "grace@example.com"), Proven)
    assert not isinstance(checked(app, clock, code, ADA, "claim"), Proven)
    assert isinstance(checked(app, clock, code), Proven)


@on_each_database
def test_fifty_at_once_spend_a_code_once(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    outcomes = at_once(*[partial(checked, app, clock, code)] * 50)
    assert [type(each) for each in outcomes].count(Proven) == 1


def test_no_code_is_stored(app: Flask, clock: MovableClock) -> None:
    code = issued(app, clock)
    with app.app_context():
        challenge = db.session.query(Challenge).one()
        stored = [str(getattr(challenge, column.key)) for column in Challenge.__table__.columns]
    assert all(code not in value for value in stored if not value.startswith("20"))
    assert digits.well_formed(code)
