"""Whose payment is it? Asked in this order, and never answered by guessing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import config
from membership.accounts.models import User
from membership.billing import references
from membership.billing.models import Checkout, Customer
from membership.billing.stripe_api import CheckoutData


def member_of(
    session: Session, customer: Customer | None, checkouts: list[CheckoutData]
) -> int | None:
    """A customer already bound, a Checkout Session of ours, a reference we signed; else nobody."""
    if customer and customer.user_id:
        return customer.user_id
    ids = [checkout.id for checkout in checkouts]
    made_by = session.scalars(
        select(Checkout.user_id).where(Checkout.stripe_id.in_(ids), Checkout.user_id.is_not(None))
    ).first()
    return made_by or _signed_for(session, checkouts)


def _signed_for(session: Session, checkouts: list[CheckoutData]) -> int | None:
    settings = config.current()
    for checkout in checkouts:
        signed = references.read(settings.secret_key, checkout.client_reference_id)
        user = session.get(User, signed[0]) if signed else None
        if user and signed and int(user.created_at.timestamp()) == signed[1]:
            return user.id
    return None
