"""Who may have made a payment that is nobody's: hints for the owner, who decides."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import User
from membership.billing.models import Checkout, UnclaimedPayment
from membership.db import begins
from membership.journal import Entry

MOST = 5  # for one payment
CLAIM_ASKED = "billing.claim_asked"
ASKS_LOOKED_AT = 200


@dataclass(frozen=True)
class Candidate:
    """A member who may have paid, and why one might think so."""

    email: str
    reason: str


def of(session: Session, payments: Collection[UnclaimedPayment]) -> dict[str, list[Candidate]]:
    """For the key of each of these payments, the likeliest first. As many queries for one payment
    as for a hundred."""
    known = _paid_with(session, payments), _askers(session, payments), _alike(session, payments)
    return {payment.key: _best(payment, *known) for payment in payments}


def _best(
    payment: UnclaimedPayment,
    paid_with: dict[str, set[str]],
    askers: dict[str, set[str]],
    alike: set[str],
) -> list[Candidate]:
    own, name = payment.email or "", _name(payment.email)
    found = [
        *(
            Candidate(each, "it was paid with this address")
            for each in sorted(paid_with[payment.key])
        ),
        *(Candidate(each, "asked for a code to claim it") for each in sorted(askers.get(own, ()))),
        *(
            Candidate(each, "the address begins alike")
            for each in sorted(alike)
            if _name(each) == name
        ),
    ]
    best: dict[str, Candidate] = {}
    for one in found:
        best.setdefault(one.email, one)
    return list(best.values())[:MOST]


def _paid_with(session: Session, payments: Iterable[UnclaimedPayment]) -> dict[str, set[str]]:
    """Members whose own address a payer's Checkout Sessions were paid with."""
    keys: dict[str, set[str | None]] = {payment.key: {payment.email} for payment in payments}
    sessions = select(Checkout.customer_id, Checkout.email).where(Checkout.customer_id.in_(keys))
    for customer_id, email in session.execute(sessions):
        keys[str(customer_id)].add(email)
    every = {email for emails in keys.values() for email in emails if email}
    members = set(session.scalars(select(User.email).where(User.email.in_(every))))
    return {key: members.intersection(filter(None, emails)) for key, emails in keys.items()}


def _askers(session: Session, payments: Iterable[UnclaimedPayment]) -> dict[str, set[str]]:
    """For a paying address, the members who asked to claim it and have not proven it."""
    wanted = {payment.email for payment in payments}
    asks = (
        select(Entry.detail, User.email)
        .join(User, User.id == Entry.user_id)
        .where(Entry.kind == CLAIM_ASKED)
        .order_by(Entry.id.desc())
        .limit(ASKS_LOOKED_AT)
    )
    found: dict[str, set[str]] = {}
    for detail, email in session.execute(asks):
        if detail["paid_with"] in wanted:
            found.setdefault(detail["paid_with"], set()).add(email)
    return found


def _alike(session: Session, payments: Iterable[UnclaimedPayment]) -> set[str]:
    """Members whose address begins like one of these, whatever stands after a plus or the at
    sign."""
    names = {_name(payment.email) for payment in payments} - {""}
    if not names:
        return set()
    some = select(User.email).where(or_(*map(_begins, names))).order_by(User.email)
    return set(session.scalars(some.limit(MOST * 4 * len(names))))


def _begins(name: str) -> ColumnElement[bool]:
    return or_(*(begins(User.email, name + sign) for sign in "@+"))


def _name(email: str | None) -> str:
    return (email or "").partition("@")[0].partition("+")[0]
