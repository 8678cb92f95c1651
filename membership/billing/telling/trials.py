"""Remind members of a free trial's end, while there is time to stop it: by the clock alone."""

from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from membership import clock, jobs, outbox
from membership.accounts.models import User
from membership.billing.models import Customer, Subscription
from membership.billing.telling import told
from membership.db import db, transaction

AT_ONCE = 100
NOTICE = timedelta(days=3)


def drain() -> None:
    """Every trial that ends soon, and is to be paid for then."""
    while _remind_some():
        pass


def will_be_charged(row: Subscription, end: datetime, now: datetime) -> bool:
    """Whether it is a trial still that ends at `end`, and is to be paid for then."""
    if row.status != "trialing" or row.trial_end != end or end <= now:
        return False
    return not row.collection_paused and (row.cancel_at is None or row.cancel_at > end)


def _remind_some() -> bool:
    now = clock.billing_now()
    if db.session.scalars(_ending(now).limit(1)).first() is None:
        return False
    with transaction() as session:
        ending = _ending(now).limit(AT_ONCE).with_for_update(of=Subscription, skip_locked=True)
        rows = session.scalars(ending).all()
        for subscription in rows:
            _remind(session, subscription)
    jobs.nudge("outbox")
    return bool(rows)


def _ending(now: datetime) -> Select[Subscription]:
    """Trials of members that nobody has cancelled, and whose end they were not reminded of."""
    return (
        select(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(
            Subscription.trial_end > now,
            Subscription.trial_end <= now + NOTICE,
            Subscription.trial_end_told.is_distinct_from(Subscription.trial_end),
            Subscription.status == "trialing",
            Subscription.collection_paused.is_(False),
            or_(Subscription.cancel_at.is_(None), Subscription.cancel_at > Subscription.trial_end),
            Customer.user_id.is_not(None),
        )
        .order_by(Subscription.trial_end)
    )


def _remind(session: Session, subscription: Subscription) -> None:
    trial_end = subscription.trial_end_told = subscription.trial_end
    customer = session.get_one(Customer, subscription.customer_id)
    user = session.get(User, customer.user_id) if customer.user_id is not None else None
    if user and trial_end:
        outbox.tell_once(
            session,
            told.trial_ending(subscription.stripe_id, trial_end),
            told.TRIAL_ENDING,
            user.email,
            subscription=subscription.stripe_id,
            trial_end=trial_end.isoformat(),
            user_id=user.id,
        )
