"""Rows that are due: claimed, leased, finished, put off."""

from datetime import timedelta

import pytest
from flask import Flask

from membership import due
from membership.db import db, transaction
from membership.outbox import OutboxMessage
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database


def add(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        session.add(
            OutboxMessage(
                kind="code",
                recipient="ada@example.com",
                params={},
                message_id="<1@example.com>",
                created_at=clock(),
                due_at=clock(),
            )
        )


def claimed(clock: MovableClock) -> list[OutboxMessage]:
    with transaction() as session:
        row = due.claim(session, OutboxMessage, now=clock())
        return [row] if row else []


@on_each_database
def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(
    app: Flask, clock: MovableClock
) -> None:
    add(app, clock)
    with app.app_context():
        assert len(claimed(clock)) == 1
        assert claimed(clock) == []
        clock.passes(due.LEASE)  # the one who claimed it died
        assert len(claimed(clock)) == 1


@on_each_database
def test_a_finished_row_is_due_no_more(app: Flask, clock: MovableClock) -> None:
    add(app, clock)
    with app.app_context():
        (row,) = claimed(clock)
        with transaction() as session:
            assert due.finish(session, row)
        clock.passes(timedelta(days=365))
        assert claimed(clock) == []


@on_each_database
def test_a_row_made_due_while_it_was_worked_on_stays_due(app: Flask, clock: MovableClock) -> None:
    add(app, clock)
    with app.app_context():
        (row,) = claimed(clock)
        clock.passes(timedelta(seconds=1))
        with transaction() as session:
            session.get_one(OutboxMessage, row.id).due_at = clock()
        with transaction() as session:
            assert not due.finish(session, row)
        assert len(claimed(clock)) == 1


@on_each_database
def test_a_row_put_off_is_tried_later_and_later_and_keeps_why(
    app: Flask, clock: MovableClock
) -> None:
    add(app, clock)
    waits = []
    with app.app_context():
        for _ in range(3):
            (row,) = claimed(clock)
            with transaction() as session:
                again_at = due.put_off(session, row, error="down", now=clock())
            waits.append((again_at - clock()).total_seconds())
            assert claimed(clock) == []
            clock.passes(again_at - clock())
        row = db.session.query(OutboxMessage).one()
        assert (row.attempts, row.last_error) == (3, "down")
    assert waits == [5, 10, 20]
    assert due.backoff(100) == timedelta(hours=1)


def test_how_many_tries_make_a_day() -> None:
    assert due.attempts_in(timedelta(0)) == 0
    assert due.attempts_in(timedelta(seconds=35)) == 3  # 5 + 10 + 20
    assert due.attempts_in(timedelta(seconds=36)) == 4
    assert due.attempts_in(timedelta(days=2)) - due.attempts_in(timedelta(days=1)) == 24


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (None, ""),
        ("450 busy: come back later", "450 busy: come back later"),
        (
            "Traceback:\n  in a file\nwire.errors.Unavailable: no answer: timed out\n",
            "no answer: timed out",
        ),
        ("Traceback:\n  in a file\nTimeoutError", "TimeoutError"),
        ("Traceback:\n  in a file\n the rest was: cut", "the rest was: cut"),
    ],
)
def test_what_went_wrong_is_told_in_a_line(error: str | None, line: str) -> None:
    assert due.in_a_line(error) == line
