"""Tell a member that a payment has come in, or that one has not."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership import outbox
from membership.accounts.models import User
from membership.billing import news
from membership.billing.models import Checkout, Customer, Payment, Subscription
from membership.billing.telling import standing, told
from membership.outbox import OutboxMessage


def tell(
    session: Session, payer: Customer | Checkout, *, now: datetime, just_bound: bool = False
) -> None:
    """What is news about this payer, if it is a member's.

    Their grants are to be written already: nobody is told of a failure that their access has not
    outlived. `just_bound`: what they paid before they were found is history.
    """
    if payer.user_id is None:
        return
    user = session.get_one(User, payer.user_id)
    for payment in untold(session, payer, now=now):
        if just_bound and not news.is_fresh(payment.paid_at, now):
            count_as_told(session, payment, user)
        else:
            _received(session, payment, user)
    if isinstance(payer, Customer):
        for subscription in _overdue(session, payer):
            _failed(session, subscription, user, now)


def untold(session: Session, payer: Customer | Checkout, *, now: datetime) -> Sequence[Payment]:
    """Payments of theirs that are news, and that nobody was told of."""
    by, since = _payments_of(payer, now)
    fact = literal(told.received("")) + Payment.payment_intent
    return session.scalars(
        select(Payment)
        .where(by == payer.stripe_id, Payment.amount > 0, Payment.paid_at > since)
        .where(~exists().where(OutboxMessage.fact == fact))
        .order_by(Payment.paid_at)
    ).all()


def count_as_told(session: Session, payment: Payment, user: User) -> None:
    """The member knows of it by another mail, or it is history."""
    fact = told.received(payment.payment_intent)
    outbox.count_as_told(session, fact, told.PAYMENT_RECEIVED, user.email)


def _payments_of(
    payer: Customer | Checkout, now: datetime
) -> tuple[InstrumentedAttribute[str | None], datetime]:
    """The column that names the payer, and since when their charges are news."""
    if isinstance(payer, Customer):
        return Payment.customer_id, news.paid_since(payer.created_at, now)
    came_in = payer.paid_at is not None and news.is_fresh(payer.paid_at, now)
    return Payment.checkout_id, now - news.LONGEST_DEBIT if came_in else now


def _received(session: Session, payment: Payment, user: User) -> None:
    outbox.tell_once(
        session,
        told.received(payment.payment_intent),
        told.PAYMENT_RECEIVED,
        user.email,
        payment=payment.payment_intent,
        user_id=user.id,
    )


def _overdue(session: Session, customer: Customer) -> Sequence[Subscription]:
    theirs = Subscription.customer_id == customer.stripe_id
    return session.scalars(
        select(Subscription).where(theirs, Subscription.status == "past_due")
    ).all()


def _failed(session: Session, subscription: Subscription, user: User, now: datetime) -> None:
    if standing.open_until(session, subscription.stripe_id, now=now) is None:
        return
    unpaid_since = standing.unpaid_since(subscription)
    outbox.tell_once(
        session,
        told.failed(subscription.stripe_id, unpaid_since),
        told.PAYMENT_FAILED,
        user.email,
        subscription=subscription.stripe_id,
        unpaid_since=unpaid_since.isoformat(),
        user_id=user.id,
    )
