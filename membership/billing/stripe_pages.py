"""Pages of Stripe's own dashboard, for the owner to go on from here."""

from membership import config
from membership.config import STRIPE_API

_FOLDERS = {"cus": "customers", "sub": "subscriptions", "pi": "payments"}


def page_of(key: str) -> str | None:
    """Where the dashboard shows this customer, subscription or payment; None when it has no page,
    or when we speak to a stand-in for Stripe."""
    settings = config.current()
    folder = _FOLDERS.get(key.partition("_")[0])
    if folder is None or settings.stripe_api_base != STRIPE_API:
        return None
    mode = "" if settings.livemode else "test/"
    return f"https://dashboard.stripe.com/{mode}{folder}/{key}"
