"""Compare whole lists of Stripe's with our rows, and mend what differs by the ordinary sync.

It goes in pieces: a page of a list, or one finding. Each is committed with the place to go on from,
so that whoever takes over after a crash goes on from there. Pages cost one call for a hundred; only
what differs is read by itself. What would close something waits until all of it is known: when it
is too much to be true, nothing is closed, and the owner is asked.
"""

import logging
from collections.abc import Callable

from membership import comparisons, jobs
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
    comparisons.plan(Reconciliation, hour=HOUR)


def begin(*, dry_run: bool, force: bool) -> int:
    """A comparison by command: one that was cut short, or a new one; its number."""
    return comparisons.begin(Reconciliation, dry_run=dry_run, force=force)


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
