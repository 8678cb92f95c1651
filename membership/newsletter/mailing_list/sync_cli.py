"""flask newsletter sync"""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select

from membership import clock, config
from membership.db import db, transaction
from membership.newsletter.mailerlite import MailerLiteError
from membership.newsletter.mailing_list import findings, known_list, sweep, sync
from membership.newsletter.mailing_list.findings import ListFinding, ListSweep
from membership.newsletter.models import Subscriber

SHOWN = 20


@click.command("sync")
@click.option("--dry-run", is_flag=True, help="Say what is different, and leave it so.")
@click.option("--force", is_flag=True, help="End also the letters of many at once.")
@click.option(
    "--another-list", is_flag=True, help="The key is of another account, and that is meant."
)
@with_appcontext
def command(dry_run: bool, force: bool, another_list: bool) -> None:
    """Compare MailerLite's whole list with our readers, and mend what differs.

    Can be stopped at any time and run beside a worker; what was begun is gone on with.
    """
    if config.current().mailerlite_api_key is None:
        raise click.ClickException("MAILERLITE_API_KEY is not set: there is no list.")
    try:
        if another_list:
            _begin_anew()
        known_list.places()
    except MailerLiteError as error:
        raise click.ClickException(f"MailerLite: {error}") from error
    run = sweep.work_on(sweep.begin(dry_run=dry_run, force=force))
    _tell(run)
    if run.ended_at is None:
        raise click.ClickException(
            f"Not finished yet: {run.why or 'somebody else is at it'}. The worker goes on with it."
        )
    if run.error:
        raise click.ClickException(run.error)
    if run.braked:
        raise click.ClickException(
            f"The letters of {run.stopping} of {run.readers} readers would end. That is too much "
            "to be true, so none did. If it is: flask newsletter sync --force"
        )
    if not dry_run:
        sync.drain()
    _tell_waiting(dry_run=dry_run)


def _begin_anew() -> None:
    with transaction() as session:
        known_list.accept(session)
    current_app.logger.warning("the list of the key that is set is ours from now on")


def _tell(run: ListSweep) -> None:
    click.echo(f"{run.looked_at} on MailerLite's list.")
    kinds = findings.counted(db.session(), run.id)
    for because, how_many in kinds.items():
        click.echo(f"{how_many} {because}:")
        for email in _some(run.id, because):
            click.echo(f"  {email}")
        if how_many > SHOWN:
            click.echo(f"  and {how_many - SHOWN} more")
    if not kinds and run.ended_at and not run.error:
        click.echo("Everybody is there as they should be.")


def _some(run_id: int, because: str) -> list[str]:
    theirs = (
        select(Subscriber.email)
        .join(ListFinding, ListFinding.subscriber_id == Subscriber.id)
        .where(ListFinding.run_id == run_id, ListFinding.because == because)
    )
    return list(db.session.scalars(theirs.order_by(Subscriber.email).limit(SHOWN)))


def _tell_waiting(*, dry_run: bool) -> None:
    due = select(func.count()).select_from(Subscriber).where(Subscriber.due_at <= clock.now())
    failing = due.where(Subscriber.attempts > 0)
    waiting, failed = db.session.scalar(due) or 0, db.session.scalar(failing) or 0
    if dry_run:
        click.echo(f"{waiting} would be written to MailerLite now.")
    elif waiting:
        click.echo(f"{waiting} wait to be written to MailerLite; {failed} of them have failed.")
    else:
        click.echo("All is written to MailerLite that was to be.")
