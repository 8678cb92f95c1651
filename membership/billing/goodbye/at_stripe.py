"""What a member who leaves has at Stripe comes to an end there, before anything happens here."""

from sqlalchemy import select

from membership.billing import holdings, stripe_api, sync
from membership.billing.models import Checkout, Product
from membership.billing.stripe_api import StripeRefused
from membership.billing.stripe_objects import CheckoutData
from membership.db import db


def end(customer_id: str) -> None:
    """Nothing of ours can be paid by this customer any more: first the pages on which something
    could be bought, then the subscriptions. Doing it again goes on where it stopped.

    Raises StripeError.
    """
    sync.bring_up_to_date(customer_id)  # what we never heard of is ended, too
    for page in stripe_api.client().open_checkouts(customer_id):
        if _ours(page):
            _close(page.id)
    sync.bring_up_to_date(customer_id)  # one may have been paid on, a moment before it closed
    live = [subscription.stripe_id for subscription in holdings.live_subscriptions(customer_id)]
    for subscription_id in live:
        _cancel(customer_id, subscription_id)
    if live:
        sync.bring_up_to_date(customer_id)


def _close(session_id: str) -> None:
    api = stripe_api.client()
    try:
        api.expire_checkout(session_id)
    except StripeRefused:
        if api.checkout(session_id).status == "open":
            raise


def _cancel(customer_id: str, subscription_id: str) -> None:
    try:
        stripe_api.client().cancel(subscription_id)
    except StripeRefused:
        sync.bring_up_to_date(customer_id)
        live = holdings.live_subscriptions(customer_id)
        if subscription_id in {subscription.stripe_id for subscription in live}:
            raise


def _ours(page: CheckoutData) -> bool:
    """The account at Stripe may sell other people's things to the same customer."""
    if db.session.get(Checkout, page.id):
        return True
    sold = select(Product.stripe_id).where(Product.stripe_id.in_(page.product_ids))
    return db.session.scalars(sold.limit(1)).first() is not None
