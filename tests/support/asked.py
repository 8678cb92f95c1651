"""What the database was asked: how much, and whether it went through everybody's rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event

from membership.db import db

Asked = list[tuple[str, Any]]
# Tables of a few rows however many members there are; every other grows with them.
SMALL = {
    "copied_account",
    "event_sweeps",
    "heartbeats",
    "owner_needs",
    "paces",
    "portal_configurations",
    "prices",
    "products",
    "reconciliations",
    "refusals",
}
GROWING = {*db.metadata.tables} - SMALL


@contextmanager
def asked_of(app: Flask) -> Iterator[Asked]:
    """Every statement, with its parameters."""
    asked: Asked = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        asked.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def asked_of_the_driver(app: Flask) -> Iterator[list[str]]:
    """Every statement that reaches SQLite itself, also past SQLAlchemy."""
    asked: list[str] = []
    with app.app_context():
        engine = db.engine
    traced = []

    def trace(connection: sqlite3.Connection, *_: object) -> None:
        traced.append(connection)
        connection.set_trace_callback(asked.append)

    event.listen(engine, "checkout", trace)
    try:
        yield asked
    finally:
        event.remove(engine, "checkout", trace)
        for connection in traced:
            connection.set_trace_callback(None)


def read_whole(app: Flask, asked: Asked) -> set[str]:
    """Statements that go through every row of a table that grows."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            statement
            for statement, parameters in asked
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            and GROWING.intersection(_scanned(connection, statement, parameters))
        }


def _scanned(connection: Connection, statement: str, parameters: Any) -> list[str]:
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    steps = [str(step[-1]).split() for step in plan]
    in_order = not any(step[:3] == ["USE", "TEMP", "B-TREE"] for step in steps)
    chosen, limit, _ = statement.partition("LIMIT")
    if in_order and limit and "WHERE" not in chosen:
        return []  # the first so many rows as they lie there
    return [step[1] for step in steps if step[0] == "SCAN" and "INDEX" not in step]
