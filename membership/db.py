"""The database: base class of the rows, and the one way to write.

Reading needs nothing. Writing happens inside `with transaction():`, opened by an edge (a route, a
webhook, a task, a command); anything written outside one raises. On SQLite a transaction waits for
its turn (turnstile.py) and begins with BEGIN IMMEDIATE: writers queue instead of failing half way.
"""

import enum
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Delete,
    Dialect,
    Engine,
    Enum,
    MetaData,
    String,
    Update,
    and_,
    event,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    ORMExecuteState,
    Session,
    registry,
)
from sqlalchemy.types import TypeDecorator

from membership.turnstile import turn

_WRITING = "latchkey.writing"
_IMMEDIATE = "latchkey_immediate"
_UNTIL = "latchkey_until"
_WAITS = 20.0  # seconds
_LAST_LETTER = "\U0010ffff"


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, also where the database has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text that every database takes: a NUL or half a surrogate, as other machines' answers and
    strangers' forms may have them, is replaced before it can spoil a whole transaction."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class Model(DeclarativeBase):
    registry = registry(
        type_annotation_map={
            str: PlainText(),
            datetime: UTCDateTime(),
            dict[str, Any]: JSON(),
            list[str]: JSON(),
            # Stored as its value in a plain column: a new member needs no migration.
            enum.Enum: Enum(
                enum.Enum,
                native_enum=False,
                length=32,
                values_callable=lambda kind: [member.value for member in kind],
            ),
        },
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


# Rows stay readable after the commit that wrote them: a page is rendered from them.
db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})


def init_app(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


def _turn(until: float | None) -> AbstractContextManager[None]:
    """On SQLite, of a file; PostgreSQL has its own lines."""
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return turn(url.database, until=until)
    return nullcontext()


class Busy(Exception):
    """Others were writing for as long as the caller could wait."""


@contextmanager
def transaction_within(seconds: float) -> Iterator[Session]:
    """The same as `transaction`, for whoever is listened to for so long only. Raises Busy."""
    try:
        with transaction(until=time.monotonic() + seconds) as session:
            if db.engine.dialect.name == "postgresql":
                session.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))
            yield session
    except (TimeoutError, OperationalError) as error:
        raise Busy(f"not written within {seconds:g} s") from error


@contextmanager
def transaction(*, until: float | None = None) -> Iterator[Session]:
    """Write: commits at the end, rolls back when anything raises. Does not nest. `until`: see
    `transaction_within`."""
    session = db.session()
    if session.info.get(_WRITING):
        raise RuntimeError("a transaction is open already: edges commit, verbs only flush")
    end_reading()  # what was read before may be old by now
    with _turn(until):
        session.info[_WRITING] = True
        try:
            session.connection(execution_options={_IMMEDIATE: True, _UNTIL: until})
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info[_WRITING] = False


def end_reading() -> None:
    """Give the connection back, before waiting for somebody else's answer. Rows read so far are
    read again when they are next looked at."""
    session = db.session()
    if session.info.get(_WRITING):
        raise RuntimeError("a transaction may not stay open across a call to another machine")
    if session.in_transaction():
        session.commit()
    session.expire_all()


def changed(session: Session, statement: Update | Delete) -> int:
    """Run a statement that writes, past the rows read so far; how many rows it touched."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def begins(column: InstrumentedAttribute[Any], beginning: str) -> ColumnElement[bool]:
    """The SQL of "this text begins so", upper and lower case told apart, found by an index: on
    PostgreSQL it has to be one with `text_pattern_ops`."""
    if db.engine.dialect.name == "sqlite":
        return and_(column >= beginning, column < beginning + _LAST_LETTER)
    return column.startswith(beginning, autoescape=True)


@event.listens_for(db.session, "before_flush")
def _refuse_stray_flush(session: Session, *_: object) -> None:
    if not session.info.get(_WRITING):
        raise RuntimeError("a row was changed outside transaction()")


@event.listens_for(db.session, "do_orm_execute")
def _refuse_stray_statement(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and not state.session.info.get(_WRITING):
        raise RuntimeError("a statement that writes was run outside transaction()")


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)


def _sqlite_connect(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    _wait_at_most(connection, _WAITS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -128")  # KiB, of each thread; the system has its own


def _sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    driver = cast("sqlite3.Connection", connection.connection.driver_connection)
    if not options.get(_IMMEDIATE):
        driver.execute("BEGIN")  # what a page reads is of one moment
    elif until := options.get(_UNTIL):
        _wait_at_most(driver, until - time.monotonic())
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            _wait_at_most(driver, _WAITS)
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _wait_at_most(connection: sqlite3.Connection, seconds: float) -> None:
    """For a lock of SQLite's own, which a program that knows nothing of turns may hold."""
    connection.execute(f"PRAGMA busy_timeout = {max(0, int(seconds * 1000))}")
