"""flask worker: takes nudges from the queue, and sweeps at its start and each minute."""

import click
from flask import current_app
from flask.cli import with_appcontext

from membership.db import db
from membership.jobs import Jobs


@click.command("worker")
@click.option("--threads", default=4, show_default=True, help="Pieces of work at once.")
@with_appcontext
def worker(threads: int) -> None:
    """Do the work that rows say is due, until stopped. Run as many as you like."""
    jobs: Jobs = current_app.extensions["jobs"]
    # No kind has more than half of them: a Stripe that hangs must not keep codes from leaving.
    jobs.at_once = max(1, threads // 2)
    db.session.remove()
    # Polling: a nudge on SQLite is noticed within 0.1 s; Redis and PostgreSQL wake us.
    consumer = jobs.huey.create_consumer(
        workers=threads,
        initial_delay=0.1,
        backoff=1.0,
        max_delay=0.1,
        graceful_signal="TERM",  # what a service manager sends: finish what you are doing
    )
    consumer.run()
