"""Whether what Stripe has to tell reaches us, by our own rows: nobody is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from membership import clock, dead_letters, inbox, jobs, received
from membership.billing import events
from membership.billing.models import Checkout
from membership.billing.repair.missed_events import EventSweep
from membership.db import db
from membership.doctor import on_work
from membership.inbox import InboxEvent
from membership.refusals import Refusal

LATELY = timedelta(days=1)
ON_ITS_WAY = timedelta(minutes=10)
MADE_WITHIN = timedelta(days=3)  # a Checkout Session is open for a day, and a debit takes its time
APART = timedelta(minutes=5)  # our clock and Stripe's may be
MOST = 200


@dataclass(frozen=True)
class Untold:
    """A checkout that was completed, and no webhook about it came."""

    session_id: str
    payer: str
    paid_at: datetime


@dataclass(frozen=True)
class Health:
    """`missed_at`: when events were last found at Stripe that no webhook had brought, and none has
    come since."""

    last: datetime | None
    due: int
    oldest_due: datetime | None
    failing: int
    given_up: int
    refusal: Refusal | None
    missed_at: datetime | None
    untold: Sequence[Untold]
    worker_seen: datetime | None
    worker_silent: bool


def look(worker_seen: datetime | None) -> Health:
    now = clock.now()
    due = select(func.count(), func.min(InboxEvent.due_at)).where(received.due())
    how_many, oldest = db.session.execute(due).one()
    return Health(
        last=inbox.last_received(events.SOURCE),
        due=how_many,
        oldest_due=oldest,
        failing=failing(),
        given_up=dead_letters.how_many(),
        refusal=refused_lately(),
        missed_at=missed_at(),
        untold=untold(),
        worker_seen=worker_seen,
        worker_silent=jobs.silent(worker_seen, now),
    )


def failing() -> int:
    """Events that have failed again and again, and are still tried."""
    tried = select(func.count()).where(received.due(), InboxEvent.attempts >= on_work.MANY_TRIES)
    return db.session.scalar(tried) or 0


def refused_lately() -> Refusal | None:
    """The last event of Stripe's, if it was refused within a day and none was taken since."""
    return received.refused_lately(events.SOURCE, clock.now())


def missed_at() -> datetime | None:
    sweep = db.session.get(EventSweep, 1)
    at = sweep.missed_at if sweep else None
    now = clock.billing_now()
    if at is None or now - at > LATELY:
        return None
    taken = inbox.last_received(events.SOURCE)
    return None if taken and taken + _ahead() > at else at


def untold() -> list[Untold]:
    """Checkouts of the last day, completed ten minutes ago or more, of which nothing but the
    payer's own return has told us."""
    now = clock.billing_now()
    rows = db.session.scalars(
        select(Checkout)
        .where(
            Checkout.created_at > now - MADE_WITHIN,
            Checkout.paid_at > now - LATELY,
            Checkout.paid_at <= now - ON_ITS_WAY,
        )
        .order_by(Checkout.created_at.desc())
        .limit(MOST)
    ).all()
    heard = _heard({key for row in rows for key in (row.stripe_id, row.customer_id) if key})
    return [
        Untold(row.stripe_id, row.customer_id or row.stripe_id, row.paid_at)
        for row in rows
        if row.paid_at and not _told(row, heard)
    ]


def _told(row: Checkout, heard: dict[str, datetime]) -> bool:
    times = [heard[key] for key in (row.stripe_id, row.customer_id) if key and key in heard]
    return any(at + _ahead() >= row.created_at - APART for at in times)


def _heard(subjects: set[str]) -> dict[str, datetime]:
    """For each of these, when an event about it last came."""
    if not subjects:
        return {}
    last = select(InboxEvent.subject, func.max(InboxEvent.received_at)).where(
        InboxEvent.source == events.SOURCE, InboxEvent.subject.in_(subjects)
    )
    return {str(subject): at for subject, at in db.session.execute(last.group_by("subject"))}


def _ahead() -> timedelta:
    """How far Stripe's time, when a developer has moved it, is before ours."""
    return clock.billing_now() - clock.now()
