"""Migrations build the schema from nothing, and it is the one the models describe."""

import flask_migrate
from flask import Flask
from sqlalchemy import inspect

from membership.config import ROOT
from membership.db import Model, db
from tests.support.databases import on_each_database

FOLDER = str(ROOT / "migrations")


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
