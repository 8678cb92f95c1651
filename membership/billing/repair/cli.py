"""flask billing reconcile, findings: what is not here as it is at Stripe, mended and told."""

from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from membership.accounts.models import User
from membership.billing.dates import day
from membership.billing.models import UnclaimedPayment
from membership.billing.repair import findings, reconcile
from membership.billing.repair.findings import Finding, Kind, Reconciliation, State
from membership.db import db

MOST = 200  # lines of one kind
HEADINGS = {
    Kind.ENDED_BUT_OPEN: "Ended, but open",
    Kind.PAID_BUT_LOCKED: "Paid, but locked",
    Kind.UNMATCHED: "Paid, and nobody knows by whom",
    Kind.OUT_OF_DATE: "Out of date, with nobody's access wrong",
    None: "Could not be read",
}
STATES = {
    State.FOUND: "not looked at",
    State.SEEN: "left as it is: a dry run",
    State.HELD: "left as it is: the brake",
    State.MENDED: "mended",
    State.ASKED: "for you to look at",
}


@click.command("reconcile")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@click.option("--force", is_flag=True, help="Close what the brake held, after you have looked.")
@with_appcontext
def reconcile_command(dry_run: bool, force: bool) -> None:
    """Compare everything with Stripe, and mend what differs."""
    run = reconcile.work_on(reconcile.begin(dry_run=dry_run, force=force))
    if run.ended_at is None:
        raise click.ClickException(_unfinished(run))
    _tell(run)


@click.command("findings")
@with_appcontext
def findings_command() -> None:
    """Say what the last comparison with Stripe has found."""
    run = findings.latest(db.session())
    if run is None:
        click.echo("Nothing has been compared with Stripe yet.")
        return
    _tell(run)


def _tell(run: Reconciliation) -> None:
    for line in _report(run):
        click.echo(line)
    if run.error:
        raise click.ClickException(f"it could not be finished. Stripe: {run.error}")
    if run.braked:
        raise click.ClickException("nothing was closed")


def _report(run: Reconciliation) -> Iterator[str]:
    when = day(run.began_at) if run.began_at else "no day"
    yield f"Compared with Stripe on {when}: {run.looked_at} objects of its lists."
    if run.error:
        return
    lines = [line for kind in HEADINGS for line in _of_kind(run, kind)]
    yield from lines
    if not lines:
        yield "Everything is here as it is at Stripe."
    if waiting := _unclaimed():
        yield f"Payments that are nobody's: {waiting}. See: flask billing unclaimed"
    if run.braked:
        yield (
            f"Mending would close {run.closing} of {run.live_grants} grants at once, which is more "
            "than is likely."
        )
        yield "Look at some of them at Stripe. If it is right: flask billing reconcile --force"


def _of_kind(run: Reconciliation, kind: Kind | None) -> Iterator[str]:
    these = Finding.run_id == run.id, Finding.kind.is_not_distinct_from(kind)
    how_many = db.session.scalar(select(func.count()).select_from(Finding).where(*these)) or 0
    if how_many:
        yield f"{HEADINGS[kind]}: {how_many}"
    rows = db.session.execute(
        select(Finding, User.email)
        .outerjoin(User, User.id == Finding.user_id)
        .where(*these)
        .order_by(Finding.id)
        .limit(MOST)
    )
    for found, email in rows:
        yield f"  {found.key}  {email or 'no member'}  {STATES[found.state]}"
        yield f"    {found.because}"
        if found.reason:
            yield f"    {found.reason}"
    if how_many > MOST:
        yield f"  … and {how_many - MOST} more"


def _unclaimed() -> int:
    waiting = select(func.count()).where(UnclaimedPayment.settled_at.is_(None))
    return db.session.scalar(waiting) or 0


def _unfinished(run: Reconciliation) -> str:
    if run.last_error:
        return f"not finished; it goes on by itself from where it is. {run.why}"
    return "another process is working on it, or was cut off just now: then the worker goes on soon"
