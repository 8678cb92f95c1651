"""Whose payment is it? Asked in one order, and never answered by guessing.

A binding that stands is never taken over here. What the owner took from a member stays nobody's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import config, journal
from membership.accounts import address_changes
from membership.accounts.models import User
from membership.billing import references, unclaimed
from membership.billing.entitlements import NEVER_BEGAN, OPENING
from membership.billing.models import Checkout, Customer, Match, Subscription
from membership.billing.unclaimed import Reason
from membership.newsletter import addresses


@dataclass(frozen=True)
class Found:
    """Whose it is, and by what we know."""

    user_id: int
    by: Match


@dataclass(frozen=True)
class Nobody:
    """No member is known, and why."""

    reason: Reason


def settle_customer(session: Session, customer: Customer, *, now: datetime) -> None:
    """Bind a customer who has paid to their member, or keep the payment as unclaimed.

    Our copies of what they bought are to be written already, and the customer's row locked.
    """
    if customer.user_id is not None or customer.bound_by is Match.OWNER:
        return
    checkouts = _checkouts_of(session, customer)
    statuses = _statuses(session, customer)
    if not any(c.paid_at for c in checkouts) and not set(statuses).difference(NEVER_BEGAN):
        return
    done = [c for c in checkouts if c.status == "complete"]
    paid_with: list[str | None] = [c.email for c in done if c.email] or [customer.email]
    opens = any(_opens(c) for c in checkouts) or bool(set(statuses).intersection(OPENING))
    begun = [*_starts(session, customer), *(c.created_at for c in done)]
    found = _whose(session, checkouts, paid_with, max(begun, default=now))
    _settle(session, customer, found, paid_with[0], opens, now)


def settle_checkout(session: Session, checkout: Checkout, *, now: datetime) -> None:
    """The same for a Checkout Session paid by a guest, who is no customer."""
    if checkout.user_id is not None or checkout.bound_by is Match.OWNER or not checkout.paid_at:
        return
    found = _whose(session, [checkout], [checkout.email], checkout.created_at)
    _settle(session, checkout, found, checkout.email, _opens(checkout), now)


def bind(
    session: Session, payer: Customer | Checkout, user_id: int, by: Match, *, now: datetime
) -> None:
    """From now on it is this member's. The caller has seen that it is nobody else's."""
    payer.user_id, payer.bound_by = user_id, by
    unclaimed.settle(session, payer.stripe_id, now=now)
    journal.record(
        session,
        "billing.bound",
        user_id=user_id,
        payment=payer.stripe_id,
        by=by,
        paid_with=payer.email,
    )
    session.flush()


def address(text: str | None) -> str | None:
    """An address as Stripe has it, in our spelling; None for what is no address."""
    try:
        return addresses.normalise(text) if text else None
    except addresses.BadAddress:
        return None


def _settle(
    session: Session,
    payer: Customer | Checkout,
    found: Found | Nobody,
    paid_with: str | None,
    opens: bool,
    now: datetime,
) -> None:
    if isinstance(found, Found):
        bind(session, payer, found.user_id, found.by, now=now)
        return
    unclaimed.keep(session, payer.stripe_id, paid_with, found.reason, now=now)
    if opens and found.reason is Reason.NOBODY:
        unclaimed.tell_payer(session, payer.stripe_id, billing_now=now)


def _whose(
    session: Session,
    checkouts: Sequence[Checkout],
    paid_with: Iterable[str | None],
    begun: datetime,
) -> Found | Nobody:
    for checkout in checkouts:
        if checkout.user_id is not None:  # we made it
            return Found(checkout.user_id, Match.CHECKOUT)
    for checkout in checkouts:
        if (signed := _signed_for(session, checkout.reference)) is not None:
            return Found(signed, Match.REFERENCE)
    return _by_address(session, {email for email in paid_with if email}, begun)


def _signed_for(session: Session, reference: str | None) -> int | None:
    """The member named by a reference of ours, if it is still the same one."""
    read = (references.read(key, reference) for key in config.current().keys)
    signed = next((member for member in read if member), None)
    user = session.get(User, signed[0]) if signed else None
    same = user and signed and int(user.created_at.timestamp()) == signed[1]
    return user.id if user and same else None


def _by_address(session: Session, emails: set[str], begun: datetime) -> Found | Nobody:
    """By the address members have, or had when the payment was begun: one may be under way while
    they move to another."""
    if not emails:
        return Nobody(Reason.NO_ADDRESS)
    members = set(session.scalars(select(User.id).where(User.email.in_(emails))))
    members |= address_changes.holders(session, emails, at=begun)
    if len(members) > 1:
        return Nobody(Reason.SEVERAL)
    return Found(members.pop(), Match.EMAIL) if members else Nobody(Reason.NOBODY)


def _checkouts_of(session: Session, customer: Customer) -> Sequence[Checkout]:
    """What they went through to buy something of ours, the newest first."""
    theirs = select(Checkout).where(Checkout.customer_id == customer.stripe_id)
    return session.scalars(theirs.order_by(Checkout.created_at.desc(), Checkout.stripe_id)).all()


def _statuses(session: Session, customer: Customer) -> Sequence[str]:
    theirs = select(Subscription.status).where(Subscription.customer_id == customer.stripe_id)
    return session.scalars(theirs).all()


def _starts(session: Session, customer: Customer) -> Sequence[datetime]:
    theirs = select(Subscription.started_at).where(Subscription.customer_id == customer.stripe_id)
    return session.scalars(theirs).all()


def _opens(checkout: Checkout) -> bool:
    """Whether this was a one-off that is paid."""
    return bool(checkout.paid_at) and checkout.mode == "payment"
