"""What is done once before the workers fork."""

import pytest
from flask import Flask
from jinja2 import DictLoader
from sqlalchemy import text

from membership import warming
from membership.db import db, transaction
from tests.support.databases import on_each_database


@on_each_database
def test_no_connection_is_left_for_the_workers_to_share(app: Flask) -> None:
    warming.up(app)
    with app.app_context():
        assert "Connections in pool: 0" in db.engine.pool.status()
        assert "Current Checked out connections: 0" in db.engine.pool.status()


def test_the_pages_are_those_that_anybody_may_see(app: Flask) -> None:
    warming.up(app)
    visitor = app.test_client()
    assert {visitor.get(page).status_code for page in warming.PAGES} == {200}
    assert visitor.get_cookie("session") is None


def test_a_site_whose_database_is_not_well_starts_all_the_same(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context(), transaction() as rows:
        rows.execute(text("ALTER TABLE prices RENAME TO gone"))
    warming.up(app)
    assert "GET /plans" in caplog.text  # the owner is told
    assert "GET /posts" not in caplog.text  # once


def test_a_template_that_cannot_be_drawn_stops_no_start(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.jinja_env.loader = DictLoader(
        {"pages/home.html": "{% if %}", "errors/error.html": "{% if %}"}
    )
    app.jinja_env.cache = {}
    warming.up(app)
    assert "the first pages could not be drawn" in caplog.text
