"""Compare whole lists of Stripe's with our rows, and mend what differs by the ordinary sync.

It goes in pieces: a page of a list, or one finding. Each is committed with the place to go on from,
so that whoever takes over after a crash goes on from there. Pages cost one call for a hundred; only
what differs is read by itself. What would close something waits until all of it is known: when it
is too much to be true, nothing is closed, and the owner is asked.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, due, jobs
from membership.billing import catalogue, comparing, findings, grants, ledger, mending, stripe_api
from membership.billing.entitlements import ENDED
from membership.billing.findings import Difference, Finding, Kind, Reconciliation, State, Step
from membership.billing.mending import Effect
from membership.billing.models import Customer, Grant, Subscription
from membership.billing.stripe_api import StripeRefused
from membership.billing.stripe_lists import CHECKOUTS, DISPUTES, REFUNDS, SUBSCRIPTIONS, Listed
from membership.db import changed, db, transaction

log = logging.getLogger(__name__)
T = TypeVar("T")
KIND = "reconcile"
HOUR = 3  # of the night, UTC
RECENT = timedelta(days=45)  # a debit may take two weeks, and a refund fail after four
DISPUTED = timedelta(days=400)  # a dispute may come months later, and take months
FEW = 5  # so many may always be closed
SHARE = 20  # and of more than a hundred live grants one in so many
KEPT = timedelta(days=90)
AT_ONCE = 100


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
        _STEPS[run.step](run)
    except StripeRefused as error:  # half a list is no answer
        _finish(run, error=str(error))


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


def _catalogue(run: Reconciliation) -> None:
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
        _go_on(session, run, None)

    mending.mend(catalogue.KEY, note, write=not run.dry_run, may_close=False)


def _listing(
    listed: Listed[T], compare: Callable[[Sequence[T]], list[Difference]], recent: timedelta
) -> Callable[[Reconciliation], None]:
    """The step that goes through the recent part of a list."""

    def step(run: Reconciliation) -> None:
        since = (run.began_at or clock.billing_now()) - recent
        page = stripe_api.client().page(listed, after=run.cursor, since=since)
        differences = compare(page.found)
        with transaction() as session:
            findings.keep(session, run, differences)
            run.looked_at += len(page.found)
            _go_on(session, run, page.next)

    return step


def _subscriptions(run: Reconciliation) -> None:
    """All that there ever were; what is ours is marked as seen."""
    page = stripe_api.client().page(SUBSCRIPTIONS, after=run.cursor)
    differences = comparing.subscriptions(page.found)
    seen = Subscription.stripe_id.in_([one.id for one in page.found])
    with transaction() as session:
        findings.keep(session, run, differences)
        changed(session, update(Subscription).where(seen).values(seen_in=run.id))
        run.looked_at += len(page.found)
        _go_on(session, run, page.next)


def _unseen(run: Reconciliation) -> None:
    """Subscriptions of ours that are live here, and were not in Stripe's list at all. Who was read
    since the run began may be newer than the list."""
    unseen = (
        select(Subscription.stripe_id, Subscription.customer_id)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(
            Subscription.stripe_id > (run.cursor or ""),
            or_(Subscription.seen_in.is_(None), Subscription.seen_in != run.id),
            Subscription.status.not_in(ENDED),
            Customer.deleted.is_(False),
            or_(Customer.synced_at.is_(None), Customer.synced_at < run.began_at),
        )
    )
    rows = db.session.execute(unseen.order_by(Subscription.stripe_id).limit(AT_ONCE)).all()
    with transaction() as session:
        missing = [Difference(customer, f"{id_}: not in Stripe's list") for id_, customer in rows]
        findings.keep(session, run, missing)
        _go_on(session, run, rows[-1][0] if len(rows) == AT_ONCE else None)


def _ledger(
    look: Callable[..., tuple[list[Difference], str | None]],
) -> Callable[[Reconciliation], None]:
    """The step that goes through our own rows."""

    def step(run: Reconciliation) -> None:
        differences, cursor = look(run.cursor, now=clock.billing_now())
        with transaction() as session:
            findings.keep(session, run, differences)
            _go_on(session, run, cursor)

    return step


def _settle(run: Reconciliation) -> None:
    """Mend the next one that closes nothing; hold one that does."""
    found = findings.next_in(db.session(), run, State.FOUND)
    if found is None:
        _judge(run)
    else:
        _mend(run, found, may_close=False)


def _close(run: Reconciliation) -> None:
    held = findings.next_in(db.session(), run, State.HELD)
    if held is None:
        _finish(run)
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
        run.braked = too_many(run.closing, run.live_grants) and not run.force
        stop = run.braked or run.dry_run
        if not stop:
            _go_on(session, run, None)
    if stop:
        _finish(run)


def too_many(closing: int, live: int) -> bool:
    """Whether to close so many of the live grants is too much to be true."""
    return closing > FEW and closing * SHARE > live


def _finish(run: Reconciliation, *, error: str | None = None) -> None:
    with transaction() as session:
        run.ended_at, run.error = clock.billing_now(), error
        due.give_back(session, run)
    if run.error:
        log.error("the comparison with Stripe could not be finished: %s", run.error)
    if run.braked:
        log.error(
            "the comparison with Stripe would close %s of %s grants, and closed none; "
            "see: flask billing findings",
            run.closing,
            run.live_grants,
        )


def _go_on(session: Session, run: Reconciliation, cursor: str | None) -> None:
    """From here next time: from the cursor, or without one with the next step."""
    run.cursor = cursor
    if cursor is None:
        run.step = _ORDER[_ORDER.index(run.step) + 1]
    due.give_back(session, run, again_at=clock.now())


def _forget_old(session: Session, now: datetime) -> None:
    old = select(Reconciliation.id).where(Reconciliation.ended_at < now - KEPT)
    ids = list(session.scalars(old))
    changed(session, delete(Finding).where(Finding.run_id.in_(ids)))
    changed(session, delete(Reconciliation).where(Reconciliation.id.in_(ids)))


_ORDER = list(Step)
_STEPS: dict[Step, Callable[[Reconciliation], None]] = {
    Step.CATALOGUE: _catalogue,
    Step.SUBSCRIPTIONS: _subscriptions,
    Step.UNSEEN: _unseen,
    Step.CHECKOUTS: _listing(CHECKOUTS, comparing.checkouts, RECENT),
    Step.REFUNDS: _listing(REFUNDS, comparing.refunds, RECENT),
    Step.DISPUTES: _listing(DISPUTES, comparing.disputes, DISPUTED),
    Step.LEDGER: _ledger(ledger.customers_after),
    Step.GUESTS: _ledger(ledger.guests_after),
    Step.SETTLE: _settle,
    Step.CLOSE: _close,
}
