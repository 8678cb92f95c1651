"""Payments that nobody is known to have made: kept until they find their member."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, or_, select, union_all
from sqlalchemy.orm import Session

from membership import clock, journal, outbox
from membership.billing import news
from membership.billing.models import Checkout, Payment, Subscription, UnclaimedPayment

LETTER = "paid_first"
ONE_LETTER_IN = timedelta(days=1)


class Reason(StrEnum):
    """Why nobody is known, in words for the owner."""

    NOBODY = "no member has the address it was paid with"
    NO_ADDRESS = "it came without an address that mail can reach"
    SEVERAL = "it was paid with the addresses of several members"
    OWNER = "the owner said that it is nobody's"


def keep(session: Session, key: str, email: str | None, reason: Reason, *, now: datetime) -> None:
    """There is a payment, and nobody knows whose: said once, and kept up to date."""
    row = session.get(UnclaimedPayment, key)
    if row is None or row.settled_at:
        row = row or UnclaimedPayment(key=key, found_at=now)
        row.settled_at = None
        session.add(row)
        journal.record(session, "billing.unclaimed", email=email, payment=key, why=reason)
    row.email, row.reason = email, reason
    session.flush()


def settle(session: Session, key: str, *, now: datetime) -> None:
    """It has found its member."""
    row = session.get(UnclaimedPayment, key)
    if row and row.settled_at is None:
        row.settled_at = now


def find(session: Session, key: str) -> UnclaimedPayment | None:
    """The payment at this key, unless it has found its member."""
    row = session.get(UnclaimedPayment, key, populate_existing=True)
    return row if row and row.settled_at is None else None


def paid_with(session: Session, email: str, *, locked: bool = False) -> Sequence[UnclaimedPayment]:
    """Every payment with this address that is nobody's: what proving the address would claim.

    `locked`: nobody else changes them until we commit.
    """
    rows = _paid_with(email).order_by(UnclaimedPayment.key)
    return session.scalars(rows.with_for_update() if locked else rows).all()


def matchable(session: Session, email: str) -> list[str]:
    """Keys of those that belong to whoever has this verified address, unless the owner said no."""
    rows = _paid_with(email).where(UnclaimedPayment.reason != Reason.OWNER)
    return [row.key for row in session.scalars(rows.order_by(UnclaimedPayment.key))]


def tell_payer(session: Session, key: str, *, billing_now: datetime) -> None:
    """Write to the paying address how to get in: once for a payment, and once a day for an
    address, since joining with it opens all that it paid.

    Only when they have paid just now: an old shop read for the first time writes to nobody, until
    the next time they pay.
    """
    row = find(session, key)
    if row is None or row.email is None or row.told_at or not _is_news(session, key, billing_now):
        return
    now = clock.now()
    lately = select(UnclaimedPayment.key).where(
        UnclaimedPayment.email == row.email, UnclaimedPayment.told_at > now - ONE_LETTER_IN
    )
    if session.scalars(lately.limit(1)).first() is None:
        outbox.send_later(session, LETTER, row.email, key=key)
    row.told_at = now


def _is_news(session: Session, key: str, now: datetime) -> bool:
    since = now - news.FRESH
    paid = select(Payment.paid_at).where(Payment.customer_id == key, Payment.paid_at > since)
    begun = select(Subscription.started_at).where(
        Subscription.customer_id == key, Subscription.started_at > since
    )
    bought = select(Checkout.paid_at).where(
        or_(Checkout.stripe_id == key, Checkout.customer_id == key), Checkout.paid_at > since
    )
    return session.scalars(union_all(paid, begun, bought).limit(1)).first() is not None


def _paid_with(email: str) -> Select[UnclaimedPayment]:
    return select(UnclaimedPayment).where(
        UnclaimedPayment.email == email, UnclaimedPayment.settled_at.is_(None)
    )
