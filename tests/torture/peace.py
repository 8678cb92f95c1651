"""Peace: no fault any more, everything delivered, found and done, and our rows as Stripe has it.

In three steps, so that what each of them must achieve by itself can be seen. After `hear` nothing
of the last weeks is unknown, whatever became of webhooks; what is older than Stripe's list of
events only `compare` can know.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError

from membership import clock, jobs
from membership.billing.repair import missed_events, reconcile
from membership.billing.repair.findings import Reconciliation
from membership.billing.repair.missed_events import EventSweep
from membership.db import changed, db, transaction
from membership.inbox import InboxEvent
from membership.outbox import OutboxMessage
from membership.pace import Pace
from sandbox.faults import WebhookFaults
from sandbox.stripe import events
from tests.support.working import works
from tests.torture.facts import DAY
from tests.torture.town import Town

ROUNDS = 15  # of hurrying what was put off, before what still fails is said to fail
LISTED = 29 * DAY  # how long Stripe's list of events is sure to tell of one
LATER = timedelta(minutes=5)  # beyond any lease: what is due by then is not done
Work = InboxEvent | OutboxMessage | EventSweep | Reconciliation
OTHER_WORK: tuple[type[Work], ...] = (InboxEvent, EventSweep, Reconciliation)
WAITED_FOR = (*OTHER_WORK, OutboxMessage)


class Unsettled(AssertionError):
    """Something is still not done, however often it was tried."""


def settle(town: Town) -> None:
    """All of it. Raises Unsettled."""
    calm(town)
    hear(town)
    compare(town)


def calm(town: Town) -> None:
    """No fault any more, and everybody lives."""
    sandbox = town.sandbox
    sandbox.stripe_fault = None
    sandbox.mail_refused = 0
    sandbox.webhook_faults = WebhookFaults()
    sandbox.webhooks_paused = False
    switch_endpoint(town, on=True)
    town.revive()


def switch_endpoint(town: Town, *, on: bool) -> None:
    """As Stripe does it off, to one that has not answered for days; the owner puts it on again."""
    disabled = "false" if on else "true"
    done = town.api.post(f"webhook_endpoints/{events.CONFIGURED}", disabled=disabled)
    assert done == "ok", done


def hear(town: Town) -> bool:
    """What is on its way arrives, what never came is found among Stripe's events, and is done.
    Whether that is all: of long ago, Stripe's list does not tell. Raises Unsettled."""
    return _sweep(town, _unrest, town.sandbox.deliver_pending)


def sweep(town: Town) -> bool:
    """The same in whatever weather: nothing need arrive by itself."""
    return _sweep(town, _undone)


def compare(town: Town) -> None:
    """The owner compares with Stripe; and again, where the brake asks them to look."""
    done, said = town.flask("billing", "reconcile")
    for _ in range(ROUNDS):
        if done:
            break
        if "nothing was closed" in said:
            town.brakes += 1
            done, said = town.flask("billing", "reconcile", "--force")
        else:  # others are at it, or were killed
            _hurry(town, OTHER_WORK)
            time.sleep(0.05)
            done, said = town.flask("billing", "reconcile")
    if not done:
        raise Unsettled(said)
    _until(town, _undone)


def begin_the_night(town: Town) -> bool:
    """The comparison of this night is due now; False when there was one."""
    tonight = datetime.fromtimestamp(town.sandbox.clock.now(), UTC).date().isoformat()
    with town.app.app_context():
        try:
            with transaction() as session:
                session.add(Reconciliation(night=tonight, due_at=clock.now()))
        except IntegrityError:
            return False
        jobs.nudge(reconcile.KIND)
    return True


def is_in_the_middle(town: Town) -> bool:
    """Wait until a comparison has begun and has not ended; False when there is none, or no more."""
    moment = time.monotonic() + 2
    under_way = select(Reconciliation.step).where(
        Reconciliation.ended_at.is_(None), Reconciliation.began_at.is_not(None)
    )
    while time.monotonic() < moment:
        with town.app.app_context():
            found = db.session.scalars(under_way.limit(1)).first()
            db.session.rollback()
        if found:
            return True
        time.sleep(0.01)
    return False


def _sweep(
    town: Town, left: Callable[[Town], list[str]], deliver: Callable[[], int] = lambda: 0
) -> bool:
    now = float(town.sandbox.clock.now())
    all_is_listed = now - town.heard_at < LISTED
    _ask_for_the_sweep(town)
    _until(town, left, deliver)
    town.heard_at = now
    return all_is_listed


def _until(
    town: Town, left: Callable[[Town], list[str]], deliver: Callable[[], int] = lambda: 0
) -> None:
    """Nothing is left. Raises Unsettled."""
    for each in range(ROUNDS):
        deliver()
        if not left(town):
            return
        _hurry(town, WAITED_FOR if each else OTHER_WORK)
        _everything(town)
    if still := left(town):
        raise Unsettled("\n".join(still))


def _ask_for_the_sweep(town: Town) -> None:
    with town.app.app_context():
        if db.session.get(EventSweep, 1) is None:
            db.session.rollback()
            missed_events.drain()
        with transaction() as session:
            session.execute(update(EventSweep).values(due_at=clock.now()))


def _everything(town: Town) -> None:
    """The workers' sweep, at once: with workers it is only asked for, and given a moment."""
    with town.app.app_context():
        if not town.processes:
            works(town.app)
            return
        for kind in town.app.extensions["jobs"].kinds:
            jobs.nudge(kind)
    moment = time.monotonic() + 2
    while _undone(town) and time.monotonic() < moment:
        time.sleep(0.03)


def _unrest(town: Town) -> list[str]:
    """What has not arrived, or is not done yet, in words."""
    on_their_way = town.sandbox.account.store.having("delivery", "state", "pending")
    return [f"on its way: {delivery['event']}" for delivery in on_their_way] + _undone(town)


def _undone(town: Town) -> list[str]:
    found: list[str] = []
    with town.app.app_context():
        for model in WAITED_FOR:
            rows = select(model.id, model.attempts, model.last_error).where(_is_undone(model))
            found += [
                f"{model.__tablename__} {id_}, {attempts} failures: {error or ''}"
                for id_, attempts, error in db.session.execute(rows.limit(9))
            ]
        db.session.rollback()
    return found


def _hurry(town: Town, models: Sequence[type[Work]]) -> None:
    """Nobody waits for back-offs and pauses, nor for the leases that the dead have left. A mail
    that somebody slow holds is sent twice then: that is counted."""
    with town.app.app_context(), transaction() as session:
        now = clock.now()
        for model in models:
            waits = _is_undone(model), model.due_at > now
            hurried = changed(session, update(model).where(*waits).values(due_at=now))
            town.mails_hurried += hurried if model is OutboxMessage else 0
        session.execute(update(Pace).values(closed_until=0.0, refusals=0))


def _is_undone(model: type[Work]) -> ColumnElement[bool]:
    """Due, leased or put off; a plan for later is neither."""
    if model in (EventSweep, Reconciliation):
        return or_(model.due_at < clock.now() + LATER, model.attempts > 0)
    return model.due_at.is_not(None)
