"""Tell that a payment has found its account: to the account, and to whoever paid."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from membership import outbox
from membership.accounts.models import User
from membership.billing.models import Checkout, Customer
from membership.billing.telling import receipts, told


def tell(
    session: Session,
    payers: Sequence[Customer | Checkout],
    *,
    paid_with: str | None,
    now: datetime,
) -> None:
    """These were just given to one member, by a claim or by the owner; not yet what they open.

    `paid_with` is the address that was proven, or else theirs; by now they may have another at
    Stripe, and then that is written to as well. That the payments have come in is said
    with it, and so is not said again.
    """
    first = payers[0]
    user = session.get_one(User, first.user_id)
    for payer in payers:
        for payment in receipts.untold(session, payer, now=now):
            receipts.count_as_told(session, payment, user)
    keys = [payer.stripe_id for payer in payers]
    about = {"keys": keys, "user_id": user.id, "paid_with": paid_with}
    fact = told.claimed(first.stripe_id, now)
    outbox.tell_once(session, fact, told.PAYMENT_CLAIMED, user.email, **about)
    others = {paid_with, *(payer.email for payer in payers)} - {user.email, None}
    for email in sorted(filter(None, others)):
        fact = told.given(first.stripe_id, email, now)
        outbox.tell_once(session, fact, told.PAYMENT_GIVEN, email, **about)
