"""End one of two subscriptions of a member, and give its latest payment back.

It has two halves at Stripe, and Stripe may refuse or be away between them. A row says how far it
has come, so that it is seen as half done and finished by asking again: what is done already is seen
at Stripe, and a key that stays the same keeps the rest from being done twice.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, journal
from membership.accounts.models import User
from membership.billing import attention, holdings, stripe_api, sync
from membership.billing.entitlements import ENDED, TAKEN
from membership.billing.models import Customer, Payment, Subscription
from membership.billing.stripe_api import StripeError, StripeRefused
from membership.billing.turns import turn_of
from membership.db import Model, db, transaction
from membership.waits import TooSoon

AS_LONG = timedelta(days=180)  # as money can be given back
AT_WORK = timedelta(minutes=5)  # somebody may be, with a Stripe that is slow
BUSY = "Somebody is doing this at the moment."
FAILED = ("canceled", "failed")  # of a refund
By = Mapping[str, Any]  # for the journal: whose act it is


class Ending(Model):
    """A subscription that an owner ends because its member has another.

    `payment_intent` is what is given back; None when there is nothing to give. `tries` counts
    refunds that came to nothing, or came back later; `left_at` is when the owner let it be; `error`
    Stripe's last word.
    """

    __tablename__ = "double_endings"
    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    payment_intent: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    error: Mapped[str | None]


class NotTwo(Exception):
    """The member has no second subscription: this one stays."""


class OtherPayment(Exception):
    """Something was paid or given back since the owner looked: they should look again."""


def to_give_back(session: Session, subscription: Subscription) -> Payment | None:
    """The latest payment, if something of it can be given back: not what a bank has taken back."""
    intent = subscription.latest_payment
    payment = session.get(Payment, intent) if intent else None
    if payment is None or payment.dispute_status in TAKEN:
        return None
    return payment if payment.amount > payment.amount_refunded else None


def find(session: Session, subscription_id: str) -> Ending | None:
    return session.get(Ending, subscription_id, populate_existing=True)


def is_half_done(session: Session, ending: Ending) -> bool:
    """Whether it ended at Stripe, and what was paid has not been given back. By our copy of the
    payment, so that a refund in Stripe's dashboard counts, and one that came back does not."""
    if ending.left_at or not ending.payment_intent:
        return False
    payment = session.get(Payment, ending.payment_intent)
    if payment is None or payment.dispute_status in TAKEN:
        return False
    subscription = session.get(Subscription, ending.subscription_id)
    ended = ending.ended_at or (subscription and subscription.status in ENDED)
    return bool(ended) and payment.amount_refunded < payment.amount


def half_done(session: Session) -> Sequence[Ending]:
    """Those that the owner should finish, the oldest first."""
    lately = clock.billing_now() - AS_LONG
    asked = select(Ending).where(Ending.asked_at > lately, Ending.left_at.is_(None))
    rows = session.scalars(asked.order_by(Ending.asked_at))
    return [each for each in rows if is_half_done(session, each)]


def end(subscription_id: str, *, seen: str | None, amount: int, by: By) -> Ending:
    """End it now, and give back `amount` of the payment `seen`, as the owner was told; or go on
    where it stopped.

    Raises NotTwo, OtherPayment, TooSoon with nothing done; StripeError with as much done as the
    row says.
    """
    user_id = whose(subscription_id)
    with turn_of(user_id, busy=BUSY) if user_id is not None else nullcontext():
        for key in holdings.payers_of(user_id) if user_id is not None else ():
            sync.bring_up_to_date(key)
        ending = _begin(subscription_id, user_id, seen, amount)
        try:
            _end_at_stripe(ending, by)
            _give_back(ending, by)
        except StripeError as error:
            _note(ending, error)
            raise
        finally:
            with suppress(StripeError):  # a webhook is on its way as well
                _read_again(subscription_id)
        return ending


def let_be(session: Session, subscription_id: str, *, by: By) -> None:
    """The owner says that nothing more is given back."""
    ending = session.get(Ending, subscription_id, with_for_update=True)
    if ending and ending.left_at is None:
        ending.left_at = clock.billing_now()
        journal.record(session, "owner.refund_left", **by, subscription=subscription_id)


def whose(subscription_id: str) -> int | None:
    """The member who has it; None when it is nobody's, or we have no copy of it."""
    mine = (
        select(Customer.user_id)
        .join(Subscription, Subscription.customer_id == Customer.stripe_id)
        .where(Subscription.stripe_id == subscription_id)
    )
    return db.session.scalar(mine)


def _begin(subscription_id: str, user_id: int | None, seen: str | None, amount: int) -> Ending:
    """From here on it is known which payment is given back, however often it is asked, and though
    the member has left meanwhile."""
    with transaction() as session:
        if user_id is not None:  # a turn may be over while Stripe still thinks: one by one
            session.get(User, user_id, with_for_update={"key_share": True})
        known = session.get(Ending, subscription_id, with_for_update=True)
        row = session.get(Subscription, subscription_id)
        if row and known and (known.ended_at or row.status in ENDED):
            return known
        if row is None or user_id is None:
            raise NotTwo(subscription_id)
        others = set(attention.subscriptions_of(session, user_id)) - {subscription_id}
        if row.status in ENDED or not others:
            raise NotTwo(subscription_id)
        if others <= _being_ended(session, user_id):
            raise TooSoon(60, BUSY)
        payment = to_give_back(session, row)
        left = payment.amount - payment.amount_refunded if payment else 0
        if (payment.payment_intent if payment else None, left) != (seen, amount):
            raise OtherPayment(subscription_id)
        ending = known or Ending(subscription_id=subscription_id, user_id=user_id)
        ending.payment_intent, ending.asked_at = seen, clock.billing_now()
        ending.error = None
        session.add(ending)
        return ending


def _being_ended(session: Session, user_id: int) -> set[str]:
    """Those of a member that will not stay, though our copy may not say so yet."""
    at_work = and_(Ending.error.is_(None), Ending.asked_at > clock.billing_now() - AT_WORK)
    theirs = select(Ending.subscription_id).where(Ending.user_id == user_id)
    return set(session.scalars(theirs.where(or_(Ending.ended_at.is_not(None), at_work))))


def _end_at_stripe(ending: Ending, by: By) -> None:
    if ending.ended_at:
        return
    id_ = ending.subscription_id
    if not _has_ended(id_):
        try:
            stripe_api.client().cancel(id_)
        except StripeRefused:
            _read_again(id_)
            if not _has_ended(id_):
                raise
    with transaction() as session:
        _row(session, ending).ended_at = clock.billing_now()
        journal.record(session, "owner.subscription_ended", **by, subscription=id_)


def _give_back(ending: Ending, by: By) -> None:
    intent = ending.payment_intent
    charge = next(iter(stripe_api.client().charges_of(intent)), None) if intent else None
    if intent is None or charge is None or charge.dispute_status in TAKEN:
        return
    left = charge.amount - charge.amount_refunded
    if left and ending.refunded_at:  # it came back from the payer's bank
        with transaction() as session:
            row = _row(session, ending)
            row.tries, row.refunded_at = row.tries + 1, None
    if left:
        _refund(ending, intent, left)
    if ending.refunded_at is None:
        with transaction() as session:
            row = _row(session, ending)
            row.refunded_at, row.error = clock.billing_now(), None
            # Known from its own answer: of somebody who has left nothing is read again.
            session.get_one(Payment, intent).amount_refunded = charge.amount
            about: By = {"payment": intent, "amount": left, "currency": charge.currency}
            journal.record(session, "owner.payment_refunded", **by, **about)


def _refund(ending: Ending, intent: str, left: int) -> None:
    """All that is left: so Stripe itself refuses a second one, whatever its key."""
    key = f"double:{ending.subscription_id}:{left}:{ending.tries}"
    try:
        made = stripe_api.client().refund(intent, left, idempotency_key=key)
        if made.status in FAILED:
            raise StripeRefused(f"the refund {made.id} has {made.status}")
    except StripeError:
        with transaction() as session:  # the same key has the same answer for a day, a no as well
            _row(session, ending).tries += 1
        raise


def _note(ending: Ending, error: StripeError) -> None:
    """Where it stopped, and why; of what was refused before it began nothing is kept."""
    with transaction() as session:
        row = _row(session, ending)
        row.error = str(error)
        if row.ended_at is None and isinstance(error, StripeRefused):
            session.delete(row)


def _has_ended(subscription_id: str) -> bool:
    return db.session.get_one(Subscription, subscription_id).status in ENDED


def _read_again(subscription_id: str) -> None:
    sync.bring_up_to_date(db.session.get_one(Subscription, subscription_id).customer_id)


def _row(session: Session, ending: Ending) -> Ending:
    return session.get_one(Ending, ending.subscription_id, with_for_update=True)
