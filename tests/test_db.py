"""Rows are written inside a transaction, and only there."""

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, text

from membership.accounts.models import User
from membership.app import create_app
from membership.db import db, end_reading, transaction
from tests.support import databases
from tests.support.clock import MovableClock
from tests.support.databases import SqliteTemplate, on_each_database
from tests.support.settings import settings


def user(email: str, clock: MovableClock) -> User:
    return User(email=email, created_at=clock())


def test_a_row_changed_outside_a_transaction_is_refused(app: Flask, clock: MovableClock) -> None:
    with app.app_context():
        db.session.add(user("ada@example.com", clock))
        with pytest.raises(RuntimeError, match="outside transaction"):
            db.session.flush()


def test_a_statement_that_writes_outside_a_transaction_is_refused(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="outside transaction"):
        db.session.execute(delete(User))


def test_a_commit_on_sqlite_has_reached_the_disk(
    sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    app = create_app(settings(DATABASE_URL=sqlite_template.copy_to(tmp_path / "site.db")))
    with app.app_context():
        assert db.session.scalar(text("PRAGMA synchronous")) == 2  # FULL
    databases.close(app)


@on_each_database
def test_a_transaction_that_raises_leaves_nothing(app: Flask, clock: MovableClock) -> None:
    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            _write_and_fail(clock)
        assert db.session.scalars(select(User)).all() == []


def _write_and_fail(clock: MovableClock) -> None:
    with transaction() as session:
        session.add(user("ada@example.com", clock))
        session.flush()
        raise ZeroDivisionError


@on_each_database
def test_transactions_do_not_nest_and_nobody_waits_inside_one(app: Flask) -> None:
    with app.app_context(), transaction():
        with pytest.raises(RuntimeError, match="open already"), transaction():
            pass
        with pytest.raises(RuntimeError, match="another machine"):
            end_reading()


@on_each_database
def test_times_come_back_aware_and_in_utc(app: Flask, clock: MovableClock) -> None:
    with app.app_context():
        with transaction() as session:
            session.add(user("ada@example.com", clock))
        db.session.expunge_all()
        kept = db.session.scalars(select(User.created_at)).one()
        assert kept == clock()
        assert kept.utcoffset() is not None


def test_a_time_without_a_zone_is_refused(app: Flask) -> None:
    naive = datetime(2026, 11, 21)  # noqa: DTZ001
    with app.app_context(), pytest.raises(Exception, match="without a zone"):  # noqa: SIM117
        with transaction() as session:
            session.add(User(email="ada@example.com", created_at=naive))
