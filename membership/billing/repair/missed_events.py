"""What Stripe tried to tell us and could not: its list of events, against our inbox.

They come in by the same door as a webhook's, and what they lead to is a re-read, so that one which
is on its way as well does no harm.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from membership import clock, config, due, inbox, jobs
from membership.billing import events, stripe_api
from membership.billing.stripe_api import StripeRefused
from membership.billing.stripe_lists import EVENTS, EventData
from membership.db import Model, db, transaction
from membership.inbox import InboxEvent
from membership.vendor_ids import plausible

log = logging.getLogger(__name__)
KIND = "missed events"
EVERY = timedelta(minutes=15)
OVERLAP = timedelta(minutes=30)  # an event may be listed later than it was made
AS_FAR_BACK = timedelta(days=29)  # Stripe keeps them for thirty
ON_ITS_WAY = timedelta(minutes=5)  # what is younger may still be delivered


class EventSweep(due.Due, Model):
    """One row: where the sweep is. Times are Stripe's.

    Every event made before `since` is in the inbox. `cursor` is where a look that is under way has
    come to, and `then_since` what `since` will be when it is done. `missed` counts what no webhook
    has brought, `missed_at` is when that was last seen.
    """

    __tablename__ = "event_sweeps"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime | None]
    then_since: Mapped[datetime | None]
    cursor: Mapped[str | None]
    missed: Mapped[int] = mapped_column(default=0)
    missed_at: Mapped[datetime | None]


def drain() -> None:
    """Look when it is time to: whoever takes over after a crash goes on where it was."""
    if db.session.get(EventSweep, 1) is None:
        _make_row()
    jobs.work(EventSweep, look, kind=KIND)


def look(sweep: EventSweep) -> None:
    """Put the events of the next page that we do not have into the inbox."""
    earliest = clock.billing_now() - AS_FAR_BACK
    since = max(sweep.since or earliest, earliest)
    try:
        page = stripe_api.client().page(EVENTS, after=sweep.cursor, since=since)
    except StripeRefused:
        if sweep.cursor is None:
            raise
        _begin_again(sweep)  # the event to go on from is too old by now
        return
    missing = _not_here(page.found)
    late = clock.billing_now() - ON_ITS_WAY
    with transaction() as session:
        inbox.receive(session, [_row(one) for one in missing])
        if sweep.since and (missed := sum(one.created < late for one in missing)):
            sweep.missed, sweep.missed_at = sweep.missed + missed, clock.billing_now()
            log.warning("%s events had not reached us", missed)
        if sweep.cursor is None and page.found:
            sweep.then_since = page.found[0].created - OVERLAP
        sweep.cursor = page.next
        if page.next is None:
            sweep.since, sweep.then_since = sweep.then_since or sweep.since, None
        pause = timedelta() if page.next else EVERY
        due.give_back(session, sweep, again_at=clock.now() + pause)
    if missing:
        jobs.nudge("inbox")


def _row(found: EventData) -> InboxEvent:
    row = events.row(found.event, json.dumps(found.event))
    row.fetched = True
    return row


def _not_here(found: Sequence[EventData]) -> list[EventData]:
    """Those of our mode that the inbox has not."""
    livemode = config.current().livemode
    ours = {
        one.id: one
        for one in found
        if plausible(one.id) and plausible(one.event["type"]) and one.event["livemode"] is livemode
    }
    here = select(InboxEvent.event_id).where(
        InboxEvent.source == events.SOURCE, InboxEvent.event_id.in_(ours)
    )
    known = set(db.session.scalars(here))
    return [one for id_, one in ours.items() if id_ not in known]


def _begin_again(sweep: EventSweep) -> None:
    with transaction() as session:
        sweep.cursor, sweep.then_since = None, None
        due.give_back(session, sweep, again_at=clock.now())


def _make_row() -> None:
    try:
        with transaction() as session:
            session.add(EventSweep(id=1, due_at=clock.now() + EVERY))
    except IntegrityError:
        pass  # another process was first
