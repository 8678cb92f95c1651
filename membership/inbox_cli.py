"""flask events …"""

import json
from collections.abc import Sequence
from datetime import datetime

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import undefer

from membership import dead_letters, jobs
from membership.db import db, transaction
from membership.inbox import InboxEvent

events = AppGroup("events", help="What Stripe and MailerLite told us.")

_DUE = InboxEvent.due_at.is_not(None)
_GIVEN_UP = InboxEvent.given_up_at.is_not(None)
WHICH: dict[str, ColumnElement[bool]] = {
    "unsettled": or_(_DUE, _GIVEN_UP),
    "due": _DUE,
    "failed": or_(_GIVEN_UP, and_(_DUE, InboxEvent.attempts > 0)),
    "all": true(),
}


@events.command("list")
@click.option("--due", "which", flag_value="due", help="Those still to be worked on.")
@click.option("--failed", "which", flag_value="failed", help="Those that failed, or were given up.")
@click.option("--all", "which", flag_value="all", help="Every one, those that are done too.")
@click.option("--source", help="Of one sender: stripe or mailerlite.")
@click.option("--limit", default=50, show_default=True, help="The newest so many.")
def list_events(which: str | None, source: str | None, limit: int) -> None:
    """What is not settled: due, failing, or given up. Newest first."""
    wanted = select(InboxEvent).where(WHICH[which or "unsettled"])
    if source:
        wanted = wanted.where(InboxEvent.source == _known(source))
    newest = wanted.order_by(InboxEvent.id.desc()).limit(limit + 1)
    found = db.session.scalars(newest).all()
    for event in found[:limit]:
        about = event.subject or "-"
        words = f"{event.source:10}  {event.type}  {about}  {_state(event)}"
        click.echo(f"{event.id:>6}  {_time(event.received_at)}  {words}")
    if not found:
        click.echo("There is none.")
    if len(found) > limit:
        click.echo("There are more: raise --limit to see them.")


@events.command("show")
@click.argument("event_id", metavar="ID")
def show(event_id: str) -> None:
    """One event whole. ID is its number in the list, or the sender's own id."""
    event = _find(event_id)
    click.echo(f"{event.id}  {event.source}  {event.type}  {event.event_id}")
    click.echo(f"about     {event.subject or 'nothing we know'}")
    click.echo(f"received  {_time(event.received_at)}")
    click.echo(f"state     {_state(event)}")
    if event.last_error:
        click.echo(f"\n{_harmless(event.last_error.rstrip())}")
    if event.scrubbed_at:
        click.echo(f"\nIts body was emptied on {_time(event.scrubbed_at)}.")
    else:
        body = json.dumps(json.loads(event.body), indent=2, ensure_ascii=False)
        click.echo(f"\n{_harmless(body)}")


@events.command("replay")
@click.argument("event_ids", metavar="ID…", nargs=-1, required=True)
def replay(event_ids: Sequence[str]) -> None:
    """Work on these again. Harmless: all an event does is to have something read again."""
    found = [_find(event_id) for event_id in event_ids]
    for event in found:
        if event.subject is None:
            raise click.ClickException(f"{event.id} is about nothing we know: nothing can be done")
    with transaction() as session:
        dead_letters.replay(session, [event.id for event in found])
    jobs.nudge("inbox")
    click.echo(f"Due again: {', '.join(str(event.id) for event in found)}.")


def _find(event_id: str) -> InboxEvent:
    """By our number, or by the sender's id. Raises ClickException."""
    named = InboxEvent.event_id == event_id
    if event_id.isdecimal() and len(event_id) < 10:
        named = InboxEvent.id == int(event_id)
    event = db.session.scalars(
        select(InboxEvent).where(named).options(undefer(InboxEvent.body))
    ).first()
    if event is None:
        raise click.ClickException(f"there is no event {event_id}")
    return event


def _harmless(text: str) -> str:
    """What strangers typed may steer a terminal, or turn its letters around: that is spelt out."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def _known(source: str) -> str:
    sources: dict[str, object] = current_app.extensions["inbox"]
    if source not in sources:
        raise click.ClickException(f"there is no sender {source}; there is {', '.join(sources)}")
    return source


def _state(event: InboxEvent) -> str:
    if event.given_up_at:
        return f"given up on {_time(event.given_up_at)} after {event.attempts} tries"
    if event.due_at and event.attempts:
        times = "once" if event.attempts == 1 else f"{event.attempts} times"
        return f"failed {times}, next try {_time(event.due_at)}"
    if event.due_at:
        return "due"
    return f"done {_time(event.done_at)}" if event.done_at else "left alone"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
