"""flask events …"""

from collections.abc import Sequence

import click
from flask import current_app
from flask.cli import AppGroup

from membership import dead_letters, jobs, received
from membership.db import transaction
from membership.inbox import InboxEvent

events = AppGroup("events", help="What Stripe and MailerLite told us.")


@events.command("list")
@click.option("--due", "which", flag_value="due", help="Those still to be worked on.")
@click.option("--failed", "which", flag_value="failed", help="Those that failed, or were given up.")
@click.option("--all", "which", flag_value="all", help="Every one, those that are done too.")
@click.option("--source", help="Of one sender: stripe or mailerlite.")
@click.option("--limit", default=50, show_default=True, help="The newest so many.")
def list_events(which: str | None, source: str | None, limit: int) -> None:
    """What is not settled: due, failing, or given up. Newest first."""
    sender = _known(source) if source else None
    found = received.newest(which or "unsettled", source=sender, most=limit + 1)
    for event in found[:limit]:
        about = event.subject or "-"
        words = f"{event.source:10}  {event.type}  {about}  {received.state(event)}"
        click.echo(f"{event.id:>6}  {received.moment(event.received_at)}  {words}")
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
    click.echo(f"received  {received.moment(event.received_at)}")
    click.echo(f"state     {received.state(event)}")
    if event.last_error:
        click.echo(f"\n{received.harmless(event.last_error.rstrip())}")
    if event.scrubbed_at:
        click.echo(f"\nIts body was emptied on {received.moment(event.scrubbed_at)}.")
    else:
        click.echo(f"\n{received.body(event)}")


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
    event = received.find(event_id)
    if event is None:
        raise click.ClickException(f"there is no event {event_id}")
    return event


def _known(source: str) -> str:
    sources: dict[str, object] = current_app.extensions["inbox"]
    if source not in sources:
        raise click.ClickException(f"there is no sender {source}; there is {', '.join(sources)}")
    return source
