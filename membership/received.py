"""Events of the inbox as the owner looks at them: which, in what state, with what in them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, true, union
from sqlalchemy.orm import undefer

from membership import clock, inbox, refusals
from membership.db import db
from membership.due import LAST_RETRY, LEASE
from membership.inbox import InboxEvent
from membership.refusals import Refusal

MOST_AT_ONCE = 10_000
LATELY = timedelta(days=1)


def newest(
    which: str, *, source: str | None = None, before: int | None = None, most: int
) -> Sequence[InboxEvent]:
    """So many of these, the newest first. `before` is the number of the one to go on from."""
    wanted = select(InboxEvent).where(_are(which))
    if source:
        wanted = wanted.where(InboxEvent.source == source)
    if before:
        wanted = wanted.where(InboxEvent.id < before)
    return db.session.scalars(wanted.order_by(InboxEvent.id.desc()).limit(most)).all()


def refused_lately(source: str, now: datetime) -> Refusal | None:
    """The last webhook of this sender, when it was refused within a day and none was taken
    since."""
    refusal, taken = refusals.last(source), inbox.last_received(source)
    if refusal is None or now - refusal.at > LATELY or (taken and taken > refusal.at):
        return None
    return refusal


def failed() -> Sequence[int]:
    """Numbers of those that failed, or were given up, and can be worked on again."""
    about_something = InboxEvent.subject.is_not(None)
    wanted = select(InboxEvent.id).where(_are("failed"), about_something).limit(MOST_AT_ONCE)
    return db.session.scalars(wanted).all()


def due() -> ColumnElement[bool]:
    """By a time: by "at all" SQLite would go through every row."""
    return InboxEvent.due_at <= clock.now() + LAST_RETRY + LEASE


def _are(which: str) -> ColumnElement[bool]:
    given_up, is_due = InboxEvent.given_up_at.is_not(None), due()
    failing = and_(is_due, InboxEvent.attempts > 0)
    if which == "all":
        return true()
    any_of = {"unsettled": (given_up, is_due), "due": (is_due,), "failed": (given_up, failing)}
    each = (select(InboxEvent.id).where(one) for one in any_of[which])
    return InboxEvent.id.in_(union(*each))  # each by its index, whatever they are ordered by


def find(event_id: str) -> InboxEvent | None:
    """With its body: by our number, or by the sender's id."""
    named = InboxEvent.event_id == event_id
    if event_id.isascii() and event_id.isdecimal() and len(event_id) < 10:
        named = InboxEvent.id == int(event_id)
    whole = select(InboxEvent).where(named).options(undefer(InboxEvent.body))
    return db.session.scalars(whole).first()


def state(event: InboxEvent) -> str:
    if event.given_up_at:
        return f"given up on {moment(event.given_up_at)} after {event.attempts} tries"
    if event.due_at and event.attempts:
        times = "once" if event.attempts == 1 else f"{event.attempts} times"
        return f"failed {times}, next try {moment(event.due_at)}"
    if event.due_at:
        return "due"
    return f"done {moment(event.done_at)}" if event.done_at else "left alone"


def body(event: InboxEvent) -> str:
    """Indented, for reading."""
    return harmless(json.dumps(json.loads(event.body), indent=2, ensure_ascii=False))


def harmless(text: str) -> str:
    """What strangers typed may steer a terminal, or turn its letters around: that is spelt out."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
