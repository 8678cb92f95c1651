"""Compare whole lists of Stripe's with our rows, and mend what differs by the ordinary sync.

It goes in pieces: a page of a list, or one finding. Each is committed with the place to go on from,
so that whoever takes over after a crash goes on from there. Pages cost one call for a hundred; only
what differs is read by itself. What would close something waits until all of it is known: when it
is too much to be true, nothing is closed, and the owner is asked.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from membership import clock, jobs
from membership.billing.repair import findings, settling, surveying
from membership.billing.repair.findings import Reconciliation, Step
from membership.billing.stripe_api import StripeRefused
from membership.db import db, transaction

log = logging.getLogger(__name__)
KIND = "reconcile"
HOUR = 3  # of the night, UTC
STEPS: dict[Step, Callable[[Reconciliation], None]] = {
    Step.CATALOGUE: settling.catalogue_first,
    Step.SUBSCRIPTIONS: surveying.subscriptions,
    Step.UNSEEN: surveying.unseen,
    Step.CHECKOUTS: surveying.checkouts,
    Step.REFUNDS: surveying.refunds,
    Step.DISPUTES: surveying.disputes,
    Step.LEDGER: surveying.customers,
    Step.GUESTS: surveying.guests,
    Step.SETTLE: settling.settle,
    Step.CLOSE: settling.close,
}


def drain() -> None:
    """Every night, and whatever an earlier one has left unfinished."""
    jobs.work(Reconciliation, advance, Reconciliation.ended_at.is_(None), kind=KIND)
    _plan()


def begin(*, dry_run: bool, force: bool) -> int:
    """A comparison by command: one that was cut short, or a new one; its number."""
    with transaction() as session:
        same = select(Reconciliation).where(
            Reconciliation.night.is_(None),
            Reconciliation.ended_at.is_(None),
            Reconciliation.dry_run.is_(dry_run),
            Reconciliation.force.is_(force),
        )
        run = session.scalars(same.order_by(Reconciliation.id).limit(1)).first()
        if run is None:
            run = Reconciliation(dry_run=dry_run, force=force, due_at=clock.now())
            session.add(run)
            session.flush()
        return run.id


def work_on(run_id: int) -> Reconciliation:
    """Go on with this one as far as it goes: `ended_at` says whether it went to the end."""
    jobs.work(Reconciliation, advance, Reconciliation.id == run_id, kind=KIND)
    return db.session.get_one(Reconciliation, run_id, populate_existing=True)


def advance(run: Reconciliation) -> None:
    """The next piece. Raises StripeUnavailable with the run where it was."""
    try:
        STEPS[run.step](run)
    except StripeRefused as error:  # half a list is no answer
        log.error("the comparison with Stripe could not be finished: %s", error)
        with transaction() as session:
            findings.finish(session, run, error=str(error))


def _plan() -> None:
    """The next night's, unless it is there."""
    now = clock.now()
    at = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    at += timedelta(days=1) if at <= now else timedelta()
    waiting = select(Reconciliation.id).where(
        Reconciliation.night.is_not(None), Reconciliation.ended_at.is_(None)
    )
    if db.session.scalars(waiting.limit(1)).first() is None:
        try:
            with transaction() as session:
                session.add(Reconciliation(night=at.date().isoformat(), due_at=at))
        except IntegrityError:
            return  # another process was first
