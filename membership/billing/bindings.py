"""Give a payment that is nobody's to its member, and let the grants follow at once.

`key` is a customer ("cus_…") or a guest's Checkout Session ("cs_…"). What is bound already is
never taken over: the owner unbinds it first.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, jobs, journal
from membership.accounts.models import User
from membership.billing import attention, grants, matching, tombstones, unclaimed
from membership.billing.models import Checkout, Customer, Match, UnclaimedPayment
from membership.billing.telling import claimed, receipts
from membership.billing.unclaimed import Reason
from membership.db import db, transaction

log = logging.getLogger(__name__)
Payer = Customer | Checkout


class NoSuchPayment(Exception):
    """We have no copy of a payer with this key: nothing of ours was bought."""


class BoundAlready(Exception):
    """It is a member's: `user_id` says whose."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        super().__init__(user_id)


class NobodysAlready(Exception):
    """The owner has said so before."""


def look_again(user_id: int, email: str) -> bool:
    """Whether a payment was waiting for this member's verified address; if so, it is theirs now.

    One indexed query when there is none.
    """
    if not unclaimed.matchable(db.session(), email):
        return False
    now = clock.billing_now()
    with transaction() as session:
        owners = [_settle(session, key, now=now) for key in unclaimed.matchable(session, email)]
    jobs.nudge("subscribers")
    jobs.nudge("outbox")
    return user_id in owners


def drain() -> None:
    """Match again whatever was paid with the address of somebody who has joined since."""
    joined = (
        select(User.id, User.email)
        .join(UnclaimedPayment, UnclaimedPayment.email == User.email)
        .where(UnclaimedPayment.settled_at.is_(None), UnclaimedPayment.reason == Reason.NOBODY)
        .distinct()
    )
    for user_id, email in db.session.execute(joined).all():
        try:
            look_again(user_id, email)
        except Exception:  # whatever it is, the others' payments are not to wait for it
            log.exception("what member %s has paid could not be given to them", user_id)


def claim(session: Session, user_id: int, email: str, *, now: datetime) -> int:
    """Give this member everything that was paid with the address they have proven and is
    nobody's; how many payments that were."""
    keys = [row.key for row in unclaimed.paid_with(session, email)]
    payers = [_locked(session, key) for key in keys]
    # One may have become somebody else's a moment ago.
    free = [payer for payer in payers if payer.user_id is None]
    for payer in free:
        matching.bind(session, payer, user_id, Match.CLAIM, now=now)
    _given(session, free, paid_with=email, now=now)
    return len(free)


def bind(session: Session, key: str, user_id: int, *, now: datetime) -> None:
    """The owner says whose it is. Raises NoSuchPayment, BoundAlready."""
    payer = _locked(session, key)
    if payer.user_id is not None:
        raise BoundAlready(payer.user_id)
    matching.bind(session, payer, user_id, Match.OWNER, now=now)
    _given(session, [payer], paid_with=payer.email, now=now)


def unbind(session: Session, key: str, *, now: datetime) -> int | None:
    """The owner says that it is nobody's: what it opened closes at once, and nothing but the
    owner, or a claim, gives it to anybody again. Whose it was, if it was somebody's.

    Raises NoSuchPayment, NobodysAlready.
    """
    payer = _locked(session, key)
    user_id = payer.user_id
    if user_id is None and payer.bound_by is Match.OWNER:
        raise NobodysAlready(key)
    payer.user_id, payer.bound_by = None, Match.OWNER
    unclaimed.keep(session, payer.stripe_id, payer.email, Reason.OWNER, now=now)
    journal.record(
        session, "billing.unbound", user_id=user_id, payment=payer.stripe_id, by=Match.OWNER
    )
    if user_id is None:
        return None
    if isinstance(payer, Customer):
        grants.revoke_customer(session, payer, user_id, now=now)
    else:
        grants.revoke_checkout(session, payer, user_id, now=now)
    return user_id


def _settle(session: Session, key: str, *, now: datetime) -> int | None:
    """Ask again whose this is; the member's id, once it is somebody's."""
    payer = _locked(session, key)
    if isinstance(payer, Customer):
        matching.settle_customer(session, payer, now=now)
    else:
        matching.settle_checkout(session, payer, now=now)
    _recompute(session, payer, now=now)
    receipts.tell(session, payer, now=now, just_bound=True)
    return payer.user_id


def _given(
    session: Session, payers: Sequence[Payer], *, paid_with: str | None, now: datetime
) -> None:
    """These have just been bound to one member: what follows from it."""
    for payer in payers:
        _recompute(session, payer, now=now)
    if payers:
        claimed.tell(session, payers, paid_with=paid_with, now=now)


def _recompute(session: Session, payer: Payer, *, now: datetime) -> None:
    if isinstance(payer, Customer):
        grants.recompute_customer(session, payer, now=now)
        attention.notice_two_subscriptions(session, payer.user_id)
    else:
        grants.recompute_checkout(session, payer, now=now)


def _locked(session: Session, key: str) -> Payer:
    """Nobody else can bind it until we commit. Whoever has left gets nothing, and nobody theirs."""
    checkout = session.get(Checkout, key, with_for_update=True)
    payer: Payer | None = checkout
    if checkout is None or checkout.customer_id:  # it is the customer that is bound
        key = (checkout.customer_id if checkout else None) or key
        payer = session.get(Customer, key, with_for_update=True)
    if payer is None or tombstones.stands(session, key):
        raise NoSuchPayment(key)
    return payer
