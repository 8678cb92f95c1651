"""The question that every page asks: the same answer by the short way and the long one."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, case, event, select
from sqlalchemy.exc import OperationalError

from membership.accounts.models import User
from membership.db import db, transaction
from membership.prepared import Question
from tests.support.asked import asked_of_the_driver
from tests.support.databases import on_each_database
from tests.support.people import ADA

JOINED = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
WHO = select(
    User.id,
    User.email,
    User.is_owner,
    User.created_at,
    case((User.email == ADA, User.created_at)).label("hers"),
).where(User.email == bindparam("email"), User.created_at <= bindparam("now"))
WHO_IS = Question(WHO)


def ask() -> Sequence[Any]:
    return WHO_IS.ask(email=ADA, now=JOINED)


def ada_joins() -> User:
    return User(email=ADA, password_hash="none", created_at=JOINED)


@on_each_database
def test_the_short_way_answers_as_the_long_one_does(app: Flask) -> None:
    with app.app_context():
        with transaction() as rows:
            rows.add(ada_joins())
        found = ask()
        assert not db.session.registry.has() or not db.session().in_transaction()  # it was short
        assert [tuple(row) for row in found] == [
            tuple(row) for row in db.session.execute(WHO, {"email": ADA, "now": JOINED})
        ]
        assert found[0].hers == found[0].created_at == JOINED
        assert found[0].is_owner is False


@on_each_database
def test_inside_a_transaction_it_sees_what_was_written_there(app: Flask) -> None:
    with app.app_context(), transaction() as rows:
        assert not ask()
        rows.add(ada_joins())
        rows.flush()
        assert [row.email for row in ask()] == [ADA]


@on_each_database
def test_who_listens_to_the_database_hears_of_it(app: Flask) -> None:
    told: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *about: told.append(about[2]))
        assert not ask()
    assert len([statement for statement in told if statement.startswith("SELECT")]) == 1


@on_each_database
def test_a_connection_that_broke_is_not_given_to_the_next(app: Flask) -> None:
    with app.app_context():
        ask()
        connection = db.engine.raw_connection()
        broken = connection.driver_connection
        connection.close()
        assert broken is not None
        broken.close()  # as if the server had gone
        assert not ask()  # this one asked again, the long way
        assert not ask()
        assert db.engine.raw_connection().driver_connection is not broken


def test_a_database_that_cannot_be_reached_is_tried_once(app: Flask) -> None:
    """And told of as SQLAlchemy would, which is what the page "try again" goes by."""
    tried: list[object] = []

    def nobody_there(*_: object) -> None:
        tried.append(1)
        raise sqlite3.OperationalError("unable to open database file")

    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "connect", nobody_there)
        with pytest.raises(OperationalError):
            ask()
    assert len(tried) == 1


def test_what_is_wrong_with_the_question_is_said_as_sqlalchemy_says_it(app: Flask) -> None:
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE users RENAME COLUMN is_owner TO boss")
        with pytest.raises(Exception, match=r"sqlalche\.me"):
            ask()


def test_it_reads_without_a_transaction_of_its_own(app: Flask) -> None:
    with app.app_context(), asked_of_the_driver(app) as asked:
        ask()
        assert [statement.split()[0] for statement in asked] == ["SELECT"]
