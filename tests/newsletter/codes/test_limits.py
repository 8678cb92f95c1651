"""Limits hold when everything comes at once."""

from flask import Flask

from membership.db import db, transaction
from membership.limits import Attempt
from membership.newsletter import signup, subscribers
from membership.newsletter.codes import challenges, digits
from membership.newsletter.codes.challenges import Gone, Proven, Wrong
from membership.newsletter.models import Challenge, CodeSend
from membership.outbox import OutboxMessage
from tests.support.asked import asked_of
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.threads import at_once

ADA = "ada@example.com"


@on_each_database
def test_thirty_wrong_codes_at_once_are_five_tries(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        code = challenges.code_of(challenges.issue(session, ADA, "join", now=clock()))
    wrong = f"{(int(code) + 1) % 10**6:06}"

    def guess() -> Proven | Wrong | Gone:
        with app.app_context(), transaction() as session:
            return challenges.check(session, ADA, "join", wrong, now=clock())

    told = at_once(*[guess] * 30)
    left = sorted(found.tries_left for found in told if isinstance(found, Wrong))
    assert left == [1, 2, 3, 4]  # the fifth try is told, like all after it, that the code is gone
    assert told.count(Gone()) == 26


@on_each_database
def test_many_asks_at_once_send_one_code(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        subscribers.of(session, ADA, now=clock())  # she is known: no new row holds them up

    def ask() -> bool:
        with app.app_context(), transaction() as session:
            return bool(signup.ask(session, ADA, now=clock()))

    waits = at_once(*[ask] * 20)
    assert waits.count(False) == 1
    with app.app_context():
        assert db.session.query(CodeSend).count() == 1


def test_five_codes_an_hour_and_ten_a_day_however_patiently_asked(
    app: Flask, clock: MovableClock
) -> None:
    sent = []
    for minute in range(0, 24 * 60, 10):
        with app.app_context(), transaction() as session:
            if not signup.ask(session, ADA, now=clock()):
                sent.append(minute)
        clock.passes(digits.RESEND_AFTER * 10)
    assert len(sent) == digits.PER_DAY
    assert sent[digits.PER_HOUR] >= 60


def test_an_ask_that_must_wait_is_as_much_work_and_leaves_nothing_but_a_line(
    app: Flask, clock: MovableClock
) -> None:
    def ask() -> int:
        with asked_of(app) as asked, app.app_context(), transaction() as session:
            signup.ask(session, ADA, now=clock())
        return len([each for each, _ in asked if each.startswith(("INSERT", "UPDATE"))])

    def rows() -> list[int]:
        with app.app_context():
            kinds = (CodeSend, Challenge, OutboxMessage, Attempt)
            return [db.session.query(kind).count() for kind in kinds]

    ask()
    clock.passes(digits.RESEND_AFTER)
    sent = ask()
    before = rows()
    assert ask() == sent
    assert rows() == before
