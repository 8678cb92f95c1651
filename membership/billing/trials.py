"""One trial a person: remembered by a keyed hash of the address, which outlives the account."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import config, keyed
from membership.accounts.models import User
from membership.billing.models import Customer, Subscription, TrialTaken
from membership.db import db


def note(session: Session, customer: Customer, *, now: datetime) -> None:
    """Remember the trials this customer has had, for the address that paid and for the member's."""
    trial = select(Subscription.stripe_id).where(
        Subscription.customer_id == customer.stripe_id, Subscription.trial_end.is_not(None)
    )
    if session.scalars(trial.limit(1)).first() is None:
        return
    member = session.get(User, customer.user_id) if customer.user_id else None
    remember(session, {customer.email, member.email if member else None}, now)


def had_trial(user_id: int) -> bool:
    """Whether this member, or somebody with their address, has had one."""
    theirs = (
        select(Subscription.stripe_id)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Customer.user_id == user_id, Subscription.trial_end.is_not(None))
    )
    if db.session.scalars(theirs.limit(1)).first() is not None:
        return True
    email = db.session.get_one(User, user_id).email
    hashes = [_hash(email, key) for key in config.current().keys]
    return (
        db.session.scalars(
            select(TrialTaken.address_hash).where(TrialTaken.address_hash.in_(hashes)).limit(1)
        ).first()
        is not None
    )


def remember(session: Session, emails: Iterable[str | None], now: datetime) -> None:
    """These addresses have had theirs."""
    key = config.current().secret_key
    for hashed in sorted({_hash(email, key) for email in emails if email}):
        if session.get(TrialTaken, hashed):
            continue
        try:
            with session.begin_nested():
                session.add(TrialTaken(address_hash=hashed, at=now))
        except IntegrityError:
            pass  # remembered by another reading at this moment


def _hash(email: str, key: str) -> str:
    """Alike for ada@example.com, Ada@example.com and ada+again@example.com."""
    name, _, host = email.lower().rpartition("@")
    person = f"{name.partition('+')[0]}@{host}"
    return keyed.digest(key, "a trial was taken", person).hex()
