"""Alembic's environment: the application's own engine and models, the same on each database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection

from membership.db import Model, PlainText, UTCDateTime, db


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Migrations are read for years: they name SQLAlchemy's types, never ours."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, PlainText):
        return "sa.String()"
    return False


@contextmanager
def tables_may_be_rebuilt(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew and dropping the old one, which it refuses, or
    drops more, where other rows point at it. Inside a transaction this could not be switched."""
    sqlite: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    sqlite.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.rollback()
        sqlite.execute("PRAGMA foreign_keys = ON")


def refuse_broken_references(ctx: MigrationContext, **_: object) -> None:
    """Before a migration is committed."""
    if ctx.connection and ctx.dialect.name == "sqlite":
        broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"rows would point at nothing: {broken[:5]}")


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection, tables_may_be_rebuilt(connection):
        context.configure(
            connection=connection,
            target_metadata=Model.metadata,
            render_item=render,
            on_version_apply=refuse_broken_references,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
