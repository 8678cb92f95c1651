"""Webhooks that were not taken: the last one of each sender, for whoever looks for what is wrong.

Anybody can send us what nobody signed, so a process writes this down once a minute at most.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock
from membership.db import Model, db, transaction

log = logging.getLogger(__name__)
ONCE_IN = timedelta(minutes=1)


class Refusal(Model):
    """One row a sender. `at`: when something of its was last refused, give or take a minute."""

    __tablename__ = "refusals"
    source: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime]


def note(source: str, reason: str) -> None:
    """Keep that a webhook was refused; that it cannot be kept must not change the answer."""
    written: dict[str, datetime] = current_app.extensions.setdefault("refusals", {})
    now = clock.now()
    if source in written and now < written[source] + ONCE_IN:
        return
    written[source] = now
    try:
        with transaction() as session:
            _write(session, source, reason, now)
    except SQLAlchemyError:
        log.exception("the refusal of a webhook was not written down")


def last(source: str) -> Refusal | None:
    return db.session.get(Refusal, source)


def _write(session: Session, source: str, reason: str, now: datetime) -> None:
    known = session.get(Refusal, source, with_for_update=True)
    if known:
        known.reason, known.at = reason, now
        return
    with suppress(IntegrityError), session.begin_nested():  # another process's first, as good
        session.add(Refusal(source=source, reason=reason, at=now))
