"""For machines: is it alive, is it ready?"""

import re
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from membership import clock, config, dead_letters, inbox, jobs
from membership.config import ROOT
from membership.db import db
from membership.due import Due
from membership.inbox import InboxEvent
from membership.newsletter.models import CodeSend, Subscriber
from membership.outbox import OutboxMessage

bp = Blueprint("health", __name__)
WORK_LATE_BY = timedelta(minutes=5)
_REVISION = re.compile(r"^(down_)?revision\b[^=\n]*=(.*)", re.MULTILINE)
_ID = re.compile(r"[\"'](\w+)[\"']")


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Database, migrations, worker, oldest due work, last webhook: 503 when one is not well."""
    try:
        report = _report(clock.now())
    except SQLAlchemyError:
        current_app.logger.exception("the database did not answer")
        return jsonify(ready=False, database="unreachable"), 503
    return jsonify(report), 200 if report["ready"] else 503


def _report(now: datetime) -> dict[str, Any]:
    migrated = at_head()
    if not migrated:
        return {"ready": False, "database": "ok", "migrations": "run flask db upgrade"}
    beat, oldest = jobs.last_beat(), oldest_due()
    alive = not jobs.silent(beat, now)
    in_time = oldest is None or now - oldest < WORK_LATE_BY
    last_webhook = inbox.last_received("stripe")
    return {
        "ready": alive and in_time,
        "database": "ok",
        "migrations": "ok",
        "worker": "ok" if alive else "silent",
        "oldest_due_work": _text(oldest),
        "last_webhook": _text(last_webhook),
        "events_given_up": dead_letters.how_many(),  # the owner's to look at; nobody waits
    }


def at_head() -> bool:
    """Whether the database has the newest schema."""
    if not inspect(db.session.connection()).has_table("alembic_version"):
        return False
    return set(db.session.scalars(text("SELECT version_num FROM alembic_version"))) == heads()


@cache
def heads() -> frozenset[str]:
    """The newest revisions there are files of. Read here, because Alembic, which makes the schema,
    is as large as the half of what a web process needs, and would be there for this alone."""
    files = [path.read_text() for path in (ROOT / "migrations" / "versions").glob("*.py")]
    told = [line.group(1, 2) for file in files for line in _REVISION.finditer(file)]
    revisions = {id_ for kind, ids in told if not kind for id_ in _ID.findall(ids)}
    return frozenset(revisions - {id_ for kind, ids in told if kind for id_ in _ID.findall(ids)})


def oldest_due() -> datetime | None:
    """The earliest time any row became due. Rows put off are due later, and not late."""
    settings = config.current()
    models: list[type[Due]] = [InboxEvent, OutboxMessage, CodeSend]
    if settings.mailerlite_api_key:  # without a list, its rows wait until there is one
        models.append(Subscriber)
    times = [db.session.scalar(select(func.min(model.due_at))) for model in models]
    return min((t for t in times if t is not None), default=None)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
