"""Database, queue and worker: whether what is to be done gets done."""

import socket
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import NullPool, create_engine, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from membership import dead_letters, jobs
from membership.db import db
from membership.doctor.findings import Check, Said, broken, look, well
from membership.doctor.visit import Visit
from membership.due import Due
from membership.inbox import InboxEvent
from membership.jobs import Jobs
from membership.newsletter.models import CodeSend
from membership.outbox import OutboxMessage
from membership.pages import health

PATIENCE = 5  # seconds for a database or a queue on another machine
MANY_TRIES = 5
PORTS = {"redis": 6379, "rediss": 6379, "postgresql": 5432}


def _database(visit: Visit) -> Said:
    try:
        dialect = _ask_database(visit.settings.database_url)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return broken(
            f"It does not answer: {reason}",
            "Is it running, and is DATABASE_URL right? For SQLite: may this user write the file?",
        )
    return well(f"{dialect} answers.")


def _ask_database(url: str) -> str:
    """Its kind. By a connection of its own, which does not wait as long as the site's do."""
    postgres = url.startswith("postgresql")
    options = {"connect_timeout": PATIENCE} if postgres else {"timeout": PATIENCE}
    engine = create_engine(url, connect_args=options, poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        inspect(connection).has_table("alembic_version")  # SELECT 1 would not open the file
    return engine.dialect.name


def _migrations(_: Visit) -> Said:
    if health.at_head():
        return well("The schema is the newest.")
    return broken(
        "The database has an older schema than this program.",
        "Run flask db upgrade, then restart web and worker.",
    )


def _worker(visit: Visit) -> Said:
    beat = jobs.last_beat()
    start = "Start flask worker, and have your service manager keep it alive."
    if beat is None:
        return broken("No worker has ever been seen.", start)
    if jobs.silent(beat, visit.now):
        return broken(f"No worker has been seen since {beat:%Y-%m-%d %H:%M} UTC.", start)
    return well(f"Seen at {beat:%H:%M:%S} UTC.")


def _due_work(visit: Visit) -> Said:
    oldest = health.oldest_due()
    if oldest and visit.now - oldest >= health.WORK_LATE_BY:
        return broken(
            f"Something has waited to be done since {oldest:%Y-%m-%d %H:%M} UTC.",
            "If the worker is well it may have too much to do: start another one beside it.",
        )
    return well("Nothing waits for longer than it should.")


def _failing_work(_: Visit) -> Said:
    kinds: dict[str, type[Due]] = {
        "events": InboxEvent,
        "mails": OutboxMessage,
        "codes": CodeSend,
    }
    failing = {kind: _how_many_fail(model) for kind, model in kinds.items()}
    if any(failing.values()):
        told = ", ".join(f"{kind}: {count}" for kind, count in failing.items() if count)
        return look(
            f"Some work has failed {MANY_TRIES} times or more, and is tried again ({told}).",
            "For events: flask events list --failed says why. For mails and codes see smtp and "
            "mailerlite here.",
        )
    return well("Nothing fails again and again.")


def _how_many_fail(model: type[Due]) -> int:
    failing = select(func.count()).select_from(model)
    failing = failing.where(model.due_at.is_not(None), model.attempts >= MANY_TRIES)
    return db.session.scalar(failing) or 0


def _events_given_up(_: Visit) -> Said:
    count = dead_letters.how_many()
    if count:
        return look(
            f"{count} {'event is' if count == 1 else 'events are'} no longer tried.",
            "flask events list --failed says why. Mend the reason, then flask events replay ID.",
        )
    return well("No event was given up.")


def _queue(visit: Visit) -> Said:
    url = visit.settings.queue_url
    if url.startswith("memory://"):
        return broken(
            "QUEUE_URL is memory://, which no worker sees.",
            "Leave QUEUE_URL out of .env for a file in instance/, or name a Redis.",
        )
    queue: Jobs = current_app.extensions["jobs"]
    try:
        _dial(url)
        waiting = queue.huey.storage.queue_size()
    except Exception as error:  # noqa: BLE001 - each kind of queue has errors of its own
        return broken(
            f"It does not answer: {type(error).__name__}.",
            "Is it running, and is QUEUE_URL right? Nothing is lost: rows say what is due.",
        )
    return well(f"It answers; {waiting} nudges wait in it.")


def _dial(url: str) -> None:
    """Whether anybody is there at all: the clients themselves would wait for very long."""
    parts = urlsplit(url)
    if parts.hostname:
        address = parts.hostname, parts.port or PORTS[parts.scheme]
        socket.create_connection(address, PATIENCE).close()


ROWS = ("database", "migrations")
CHECKS = (
    Check("database", "Everything is kept in it.", _database),
    Check("migrations", "Pages that need the newer schema fail.", _migrations, ("database",)),
    Check("worker", "It sends mail, and settles what Stripe tells us.", _worker, ROWS),
    Check("due-work", "Somebody waits for a mail, or for a page to open.", _due_work, ROWS),
    Check("failing-work", "A payment or a mail may be stuck in it.", _failing_work, ROWS),
    Check("events-given-up", "What they told of may not have been seen.", _events_given_up, ROWS),
    Check("queue", "The worker takes its work from it.", _queue),
)
