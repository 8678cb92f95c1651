"""What a member has at Stripe, by our copy of it."""

from sqlalchemy import select

from membership.billing.models import Customer, Subscription
from membership.db import db

ENDED = ("canceled", "incomplete_expired")


def live_subscription(user_id: int) -> Subscription | None:
    """A subscription of this member that has not ended."""
    return db.session.scalars(
        select(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Customer.user_id == user_id, Subscription.status.not_in(ENDED))
        .order_by(Subscription.started_at)
        .limit(1)
    ).first()


def customer_of(user_id: int) -> str | None:
    """The member's customer at Stripe: the first, should there be several."""
    return db.session.scalars(
        select(Customer.stripe_id)
        .where(Customer.user_id == user_id, Customer.deleted.is_(False))
        .order_by(Customer.created_at)
        .limit(1)
    ).first()


def had_trial(user_id: int) -> bool:
    trials = (
        select(Subscription.stripe_id)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Customer.user_id == user_id, Subscription.trial_end.is_not(None))
    )
    return db.session.scalars(trials.limit(1)).first() is not None
