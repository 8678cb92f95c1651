"""A database that fails at a write of one's choosing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from membership.db import Model, db

WRITES = ("INSERT", "UPDATE", "DELETE")


class PowerCut(Exception):
    """Whatever may go wrong at a write."""


@contextmanager
def failing_at(write: int) -> Iterator[None]:
    """The write of this number, from 1, raises PowerCut instead; a commit counts as one, too."""
    left, wrote = write, False

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise PowerCut(f"at write {write}")

    def statement(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        nonlocal wrote
        if sql.lstrip().upper().startswith(WRITES):
            wrote = True
            count()

    def commit(_session: Session) -> None:
        nonlocal wrote
        if wrote:  # to stop reading is a commit, too
            wrote = False
            count()

    event.listen(db.engine, "before_cursor_execute", statement)
    event.listen(db.session, "before_commit", commit)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", statement)
        event.remove(db.session, "before_commit", commit)


def everything(*, but: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but these, as they are committed."""
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in Model.metadata.sorted_tables
            if table.name not in but
        }
