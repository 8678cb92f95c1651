"""What a member has at Stripe, by our copy of it."""

from collections.abc import Sequence

from sqlalchemy import Select, select

from membership.billing.entitlements import ENDED
from membership.billing.models import Checkout, Customer, Match, Subscription
from membership.db import db


def subscriptions_of(user_id: int) -> Select[Subscription]:
    """Those of every customer bound to this member."""
    return (
        select(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Customer.user_id == user_id)
    )


def live_subscription(user_id: int) -> Subscription | None:
    """A subscription of this member that has not ended."""
    live = subscriptions_of(user_id).where(Subscription.status.not_in(ENDED))
    return db.session.scalars(live.order_by(Subscription.started_at).limit(1)).first()


def live_subscriptions(customer_id: str) -> Sequence[Subscription]:
    """Those of one customer that have not ended, oldest first."""
    return db.session.scalars(
        select(Subscription)
        .where(Subscription.customer_id == customer_id, Subscription.status.not_in(ENDED))
        .order_by(Subscription.started_at)
    ).all()


def customer_to_sell_to(user_id: int) -> str | None:
    """The customer we made for this member.

    Never one whose payments were matched to them later: that has another person's address on its
    receipts, perhaps, and another person's card.
    """
    return db.session.scalars(
        select(Customer.stripe_id)
        .where(
            Customer.user_id == user_id,
            Customer.bound_by == Match.CHECKOUT,
            Customer.deleted.is_(False),
        )
        .order_by(Customer.created_at)
        .limit(1)
    ).first()


def customers_of(user_id: int) -> Sequence[Customer]:
    """Every customer bound to this member that Stripe still has: our own first."""
    rows = db.session.scalars(
        select(Customer)
        .where(Customer.user_id == user_id, Customer.deleted.is_(False))
        .order_by(Customer.created_at, Customer.stripe_id)
    )
    return sorted(rows, key=lambda customer: customer.bound_by is not Match.CHECKOUT)


def payers_of(user_id: int) -> list[str]:
    """Ids of all at Stripe that is this member's: customers, deleted ones among them, and the
    Checkout Sessions of a guest that were found to be theirs."""
    customers = select(Customer.stripe_id).where(Customer.user_id == user_id)
    guests = select(Checkout.stripe_id).where(
        Checkout.user_id == user_id, Checkout.customer_id.is_(None)
    )
    return [
        *db.session.scalars(customers.order_by(Customer.created_at)),
        *db.session.scalars(guests.order_by(Checkout.created_at)),
    ]


def customer_of(user_id: int) -> str | None:
    """The member's customer at Stripe; of several the one that pays now, else the first."""
    if live := live_subscription(user_id):
        return live.customer_id
    return next((customer.stripe_id for customer in customers_of(user_id)), None)
