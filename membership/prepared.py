"""A question that every page asks: made ready once, and put to the driver itself.

SQLAlchemy writes the SQL and knows the types. What it does besides at each asking (look the SQL up
again, begin and end a transaction for one SELECT) takes six times as long as the database does.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeEngine

from membership.db import db

Change = Callable[[Any], Any]


class Question:
    """Its parameters are the SELECT's `bindparam`s; its rows have the columns' names."""

    def __init__(self, select: Select[*tuple[Any, ...]]) -> None:
        self._select = select
        self._ready_for = lru_cache(lambda dialect: _Ready(select, dialect))

    def ask(self, **values: Any) -> Sequence[Any]:
        engine = db.engine
        if _in_transaction() or _heard(engine):
            return db.session.execute(self._select, values).all()
        ready = self._ready_for(engine.dialect)
        try:
            return ready.ask(engine, values)
        except Refused:  # SQLAlchemy knows what that means, and what to do with the pool
            return db.session.execute(self._select, values).all()


class Refused(Exception):
    """By the database or by the way there."""


class _Ready:
    """The question in the words and values of one database."""

    def __init__(self, select: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = select.compile(dialect=dialect)
        self._sql = str(compiled)
        self._order = compiled.positiontup  # where parameters have no names
        self._given = {
            name: _processor(bound.type, dialect, "bind") for name, bound in compiled.binds.items()
        }
        self._always = self._sent({k: v for k, v in compiled.params.items() if v is not None})
        self._row = namedtuple("Row", [column.key for column in select.selected_columns])  # type: ignore[misc]
        came = [_processor(column.type, dialect, "result") for column in select.selected_columns]
        self._came = [(at, process) for at, process in enumerate(came) if process]
        self._refused: type[Exception] = dialect.loaded_dbapi.Error

    def ask(self, engine: Engine, values: Mapping[str, Any]) -> Sequence[Any]:
        try:
            connection = engine.raw_connection()
        except self._refused as error:  # asking again would wait for it again
            raise OperationalError("connect", None, error) from error
        try:
            cursor = connection.cursor()
            cursor.execute(self._sql, self._parameters(values))
            found = cursor.fetchall()
            cursor.close()
        except self._refused as error:
            connection.invalidate(error)
            raise Refused from error
        finally:
            connection.close()
        return [self._read(raw) for raw in found]

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        sent = self._always | self._sent(values)
        return tuple(sent[name] for name in self._order) if self._order else sent

    def _sent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: process(value) if (process := self._given[name]) else value
            for name, value in values.items()
        }

    def _read(self, raw: Sequence[Any]) -> Any:
        values = list(raw)
        for at, process in self._came:
            values[at] = process(values[at])
        return self._row(*values)


def _in_transaction() -> bool:
    """What it has written and nobody else can see yet belongs to the answer."""
    return bool(db.session.registry.has() and db.session().in_transaction())


def _heard(engine: Engine) -> bool:
    told = engine.dispatch
    return bool(engine.echo or told.before_cursor_execute or told.after_cursor_execute)


def _processor(type_: TypeEngine[Any], dialect: Dialect, way: str) -> Change | None:
    impl = type_.dialect_impl(dialect)
    return impl.bind_processor(dialect) if way == "bind" else impl.result_processor(dialect, None)
