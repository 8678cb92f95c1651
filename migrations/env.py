"""Alembic's environment: the application's own engine and models, the same on each database."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from membership.db import Model, PlainText, UTCDateTime, db


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Migrations are read for years: they name SQLAlchemy's types, never ours."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, PlainText):
        return "sa.String()"
    return False


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Model.metadata, render_item=render, **options
        )
        with context.begin_transaction():
            context.run_migrations()


run()
