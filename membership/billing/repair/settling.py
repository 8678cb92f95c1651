"""Steps of a comparison that mend what was found, and the brake between them.

What closes nothing is mended first. What would close something waits until all of it is known: when
it is too much to be true, nothing is closed, and the owner is asked.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from membership import clock, comparisons, due
from membership.billing import catalogue, grants
from membership.billing.models import Grant
from membership.billing.repair import findings, mending
from membership.billing.repair.findings import Difference, Finding, Kind, Reconciliation, State
from membership.billing.repair.mending import Effect
from membership.db import changed, db, transaction

log = logging.getLogger(__name__)
KEPT = timedelta(days=90)


def catalogue_first(run: Reconciliation) -> None:
    """What is sold comes first: it says what is ours."""

    def note(session: Session, effect: Effect) -> None:
        if effect.opened or effect.closed:
            findings.keep(session, run, [Difference(catalogue.KEY, "products or prices changed")])
            session.flush()
            found = findings.next_in(session, run, State.FOUND)
            if found:
                _describe(found, effect, run)
        run.began_at = clock.billing_now()
        _forget_old(session, run.began_at)
        findings.go_on(session, run, None)

    mending.mend(catalogue.KEY, note, write=not run.dry_run, may_close=False)


def settle(run: Reconciliation) -> None:
    """Mend the next one that closes nothing; hold one that does."""
    found = findings.next_in(db.session(), run, State.FOUND)
    if found is None:
        _judge(run)
    else:
        _mend(run, found, may_close=False)


def close(run: Reconciliation) -> None:
    held = findings.next_in(db.session(), run, State.HELD)
    if held is None:
        with transaction() as session:
            findings.finish(session, run)
    else:
        _mend(run, held, may_close=True)


def _mend(run: Reconciliation, found: Finding, *, may_close: bool) -> None:
    def note(session: Session, effect: Effect) -> None:
        _describe(found, effect, run)
        due.give_back(session, run, again_at=clock.now())

    try:
        mending.mend(found.key, note, write=not run.dry_run, may_close=may_close)
    except (due.Away, due.TakenOver):
        raise
    except Exception as error:
        log.warning("%s could not be mended", found.key, exc_info=True)
        db.session.rollback()
        with transaction() as session:
            found.state, found.reason = State.ASKED, str(error) or repr(error)
            due.give_back(session, run, again_at=clock.now())


def _describe(found: Finding, effect: Effect, run: Reconciliation) -> None:
    if found.kind is None:  # else it was held, and is what it was found to be
        found.kind = _kind(effect)
        found.opened, found.closed, found.user_id = effect.opened, effect.closed, effect.user_id
    if run.dry_run:
        found.state = State.SEEN
    elif not effect.written:
        found.state = State.HELD
    elif effect.unmatched:
        found.state, found.reason = State.ASKED, effect.unmatched
    else:
        found.state = State.MENDED


def _kind(effect: Effect) -> Kind:
    if effect.closed:
        return Kind.ENDED_BUT_OPEN
    if effect.opened:
        return Kind.PAID_BUT_LOCKED
    return Kind.UNMATCHED if effect.unmatched else Kind.OUT_OF_DATE


def _judge(run: Reconciliation) -> None:
    """Everything is known now: may what is held be closed?"""
    closing = select(func.coalesce(func.sum(Finding.closed), 0)).where(
        Finding.run_id == run.id, Finding.state.in_((State.HELD, State.SEEN))
    )
    live = select(func.count()).select_from(Grant).where(grants.live(clock.billing_now()))
    with transaction() as session:
        run.closing = session.scalar(closing) or 0
        run.live_grants = session.scalar(live) or 0
        run.braked = comparisons.too_many(run.closing, run.live_grants) and not run.force
        if run.braked or run.dry_run:
            findings.finish(session, run)
        else:
            findings.go_on(session, run, None)
    if run.braked:
        log.error(
            "the comparison with Stripe would close %s of %s grants, and closed none; "
            "see: flask billing findings",
            run.closing,
            run.live_grants,
        )


def _forget_old(session: Session, now: datetime) -> None:
    old = select(Reconciliation.id).where(Reconciliation.ended_at < now - KEPT)
    ids = list(session.scalars(old))
    changed(session, delete(Finding).where(Finding.run_id.in_(ids)))
    changed(session, delete(Reconciliation).where(Reconciliation.id.in_(ids)))
