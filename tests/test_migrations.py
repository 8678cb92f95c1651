"""Migrations build the schema from nothing, and it is the one the models describe."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import MetaData, func, inspect, select, text

from membership.config import ROOT
from membership.db import Model, db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.leaving import subscribes
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work

FOLDER = str(ROOT / "migrations")
FIRST = "0001"


@on_each_database
def test_the_migrated_schema_shows_no_drift(app: Flask) -> None:
    with app.app_context():
        flask_migrate.check(FOLDER)  # exits when the models have something the database lacks


@on_each_database
def test_migrations_can_go_all_the_way_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        flask_migrate.downgrade(FOLDER, "base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        flask_migrate.upgrade(FOLDER)
        assert set(inspect(db.engine).get_table_names()) == {
            "alembic_version",
            *Model.metadata.tables,
        }


def rows() -> dict[str, int]:
    """How many each table has, whichever there are."""
    tables = MetaData()
    tables.reflect(db.engine)
    with db.engine.connect() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.tables.items()
        }


@on_each_database
@pytest.mark.usefixtures("listening")
def test_what_a_site_has_is_there_still_after_going_down_and_up(
    app: Flask, grace: Browser, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    """Rows that point at rows of a table that is made anew: letters, subscriptions, members."""
    subscribes(grace, app, elsewhere, work)
    pays_by_link(elsewhere, payment_link(app, sandbox), "grace.at.work@example.com")
    work()
    grace.submit("/claim", action="/claim", email="grace.at.work@example.com")
    with app.app_context():
        before = rows()
        assert 0 not in (before["code_sends"], before["outbox"], before["grants"])
        flask_migrate.downgrade(FOLDER, FIRST)
        assert rows().items() <= (before | {"stripe_pace": 1}).items()
        flask_migrate.upgrade(FOLDER)
        after = rows()
        # Limits, paces and the comparison of tonight begin anew; invoices are copied from Stripe.
        began_anew = {"attempts", "paces", "list_sweeps", "invoices"}
        assert {name for name in before if after[name] != before[name]} <= began_anew
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                assert connection.scalar(text("PRAGMA foreign_keys")) == 1
