"""Take the person out of the rows of billing. What was paid stays, and says nothing of who paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from membership.billing import tombstones, trials
from membership.billing.models import (
    Checkout,
    CheckoutTurn,
    Customer,
    Grant,
    Invoice,
    Payment,
    Subscription,
    UnclaimedPayment,
)
from membership.db import changed


@dataclass(frozen=True)
class Payers:
    """What a member paid as, locked: customers, and the Checkout Sessions of a guest; `sold` has
    every Checkout Session of theirs."""

    customers: Sequence[Customer]
    guests: Sequence[Checkout]
    sold: Sequence[Checkout]

    @property
    def rows(self) -> list[Customer | Checkout]:
        return [*self.customers, *self.sold]

    @property
    def keys(self) -> list[str]:
        payers: list[Customer | Checkout] = [*self.customers, *self.guests]
        return [payer.stripe_id for payer in payers]

    @property
    def emails(self) -> set[str]:
        """The addresses that they paid with."""
        return {row.email for row in self.rows if row.email}


def lock(session: Session, user_id: int) -> Payers:
    """Nobody gives them to anybody, or writes what was read of them, until we commit."""
    customers = session.scalars(
        select(Customer)
        .where(Customer.user_id == user_id)
        .order_by(Customer.stripe_id)
        .with_for_update()
    ).all()
    ids = [customer.stripe_id for customer in customers]
    sold = session.scalars(
        select(Checkout)
        .where(or_(Checkout.user_id == user_id, Checkout.customer_id.in_(ids)))
        .order_by(Checkout.stripe_id)
        .with_for_update()
    ).all()
    guests = [checkout for checkout in sold if checkout.customer_id is None]
    return Payers(customers, guests, sold)


def payments_of(session: Session, payers: Payers) -> int:
    """How many payments stay in the books."""
    sold = [checkout.stripe_id for checkout in payers.sold]
    theirs = or_(Payment.customer_id.in_(payers.keys), Payment.checkout_id.in_(sold))
    return session.scalar(select(func.count()).where(theirs)) or 0


def forget(
    session: Session, user_id: int, payers: Payers, emails: set[str], *, now: datetime
) -> bool:
    """Whether it has to be remembered that they had a free trial: as a keyed digest, no more."""
    had_trial = _remember_trial(session, payers, emails, now)
    tombstones.put_up(session, payers.keys, now=now)
    for row in payers.rows:
        row.user_id = row.bound_by = row.email = None
    for checkout in payers.sold:
        checkout.reference = None
    waiting = update(UnclaimedPayment).where(UnclaimedPayment.key.in_(payers.keys))
    changed(session, waiting.values(email=None, settled_at=now))
    cards = update(Subscription).where(Subscription.customer_id.in_(payers.keys))
    changed(session, cards.values(pays_with=None))
    changed(session, delete(Invoice).where(Invoice.customer_id.in_(payers.keys)))
    changed(session, delete(Grant).where(Grant.user_id == user_id))
    changed(session, delete(CheckoutTurn).where(CheckoutTurn.user_id == user_id))
    session.flush()
    return had_trial


def _remember_trial(session: Session, payers: Payers, emails: set[str], now: datetime) -> bool:
    ids = [customer.stripe_id for customer in payers.customers]
    trial = select(Subscription.stripe_id).where(
        Subscription.customer_id.in_(ids), Subscription.trial_end.is_not(None)
    )
    if session.scalars(trial.limit(1)).first() is None:
        return False
    trials.remember(session, emails, now)
    return True
