"""Steps of a comparison that look for what differs: each takes the next page of a list.

A page is one call for a hundred, or a few queries. What was found and the place to go on from are
committed together.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import or_, select, update

from membership import clock
from membership.billing import stripe_api
from membership.billing.entitlements import ENDED
from membership.billing.models import Customer, Subscription
from membership.billing.repair import comparing, findings, ledger
from membership.billing.repair.findings import Difference, Reconciliation
from membership.billing.stripe_lists import CHECKOUTS, DISPUTES, REFUNDS, SUBSCRIPTIONS, Listed
from membership.db import changed, db, transaction

T = TypeVar("T")
RECENT = timedelta(days=45)  # a debit may take two weeks, and a refund fail after four
DISPUTED = timedelta(days=400)  # a dispute may come months later, and take months
AT_ONCE = 100


def subscriptions(run: Reconciliation) -> None:
    """All that there ever were; what is ours is marked as seen."""
    page = stripe_api.client().page(SUBSCRIPTIONS, after=run.cursor)
    differences = comparing.subscriptions(page.found)
    seen = Subscription.stripe_id.in_([one.id for one in page.found])
    with transaction() as session:
        findings.keep(session, run, differences)
        changed(session, update(Subscription).where(seen).values(seen_in=run.id))
        run.looked_at += len(page.found)
        findings.go_on(session, run, page.next)


def unseen(run: Reconciliation) -> None:
    """Subscriptions of ours that are live here, and were not in Stripe's list at all. Who was read
    since the run began may be newer than the list."""
    ours = (
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
    rows = db.session.execute(ours.order_by(Subscription.stripe_id).limit(AT_ONCE)).all()
    with transaction() as session:
        missing = [Difference(customer, f"{id_}: not in Stripe's list") for id_, customer in rows]
        findings.keep(session, run, missing)
        findings.go_on(session, run, rows[-1][0] if len(rows) == AT_ONCE else None)


def _listing(
    listed: Listed[T], compare: Callable[[Sequence[T]], list[Difference]], recent: timedelta
) -> Callable[[Reconciliation], None]:
    """The step that goes through what of a list is recent, or has never been compared."""

    def step(run: Reconciliation) -> None:
        before = findings.last_mended(db.session())
        since = before - recent if before else None
        page = stripe_api.client().page(listed, after=run.cursor, since=since)
        differences = compare(page.found)
        with transaction() as session:
            findings.keep(session, run, differences)
            run.looked_at += len(page.found)
            findings.go_on(session, run, page.next)

    return step


def _ledger(
    look: Callable[..., tuple[list[Difference], str | None]],
) -> Callable[[Reconciliation], None]:
    """The step that goes through our own rows."""

    def step(run: Reconciliation) -> None:
        differences, cursor = look(run.cursor, now=clock.billing_now())
        with transaction() as session:
            findings.keep(session, run, differences)
            findings.go_on(session, run, cursor)

    return step


checkouts = _listing(CHECKOUTS, comparing.checkouts, RECENT)
refunds = _listing(REFUNDS, comparing.refunds, RECENT)
disputes = _listing(DISPUTES, comparing.disputes, DISPUTED)
customers = _ledger(ledger.customers_after)
guests = _ledger(ledger.guests_after)
