"""Whether MailerLite's list is what it should be, by our own rows: nobody is asked."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from membership import clock
from membership.admin.needs.need import Need, Severity
from membership.db import db
from membership.due import LAST_RETRY, LEASE, attempts_in
from membership.newsletter.mailing_list import findings
from membership.newsletter.models import Subscriber

PATIENCE = timedelta(days=1)


def found() -> Iterator[Need]:
    yield from _brake()
    yield from _stuck()


def _brake() -> Iterator[Need]:
    run = findings.latest(db.session())
    if run and run.braked:
        yield Need(
            name="list-braked",
            severity=Severity.SOON,
            title=f"{run.stopping} readers seem to be gone from MailerLite’s list",
            sentence=f"Of {run.readers}: that is too much to be true, so nobody’s letters were "
            "ended. flask newsletter sync --dry-run says whose; with --force instead they are.",
            since=run.ended_at,
        )


def _stuck() -> Iterator[Need]:
    refused = select(func.count()).where(
        Subscriber.due_at <= clock.now() + LAST_RETRY + LEASE,  # by a time: else by every row
        Subscriber.attempts >= attempts_in(PATIENCE),
    )
    count = db.session.scalar(refused) or 0
    if count:
        yield Need(
            name="list-stuck",
            severity=Severity.SOON,
            title=f"MailerLite does not take {count} {'reader' if count == 1 else 'readers'}",
            sentence="It was tried for a day, and goes on being tried. Each says why, on the "
            "person’s page; flask newsletter check looks at what is set up there.",
        )
