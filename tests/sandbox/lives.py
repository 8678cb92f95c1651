"""What happens to a member at Stripe, in few words, by the real SDK."""

from typing import Any

import stripe

HOUR = 60 * 60
DAY = 24 * HOUR
RENEWED = 31 * DAY + 2 * HOUR  # after any month, and the hour after it in which it is charged


def someone(client: stripe.StripeClient, card: str | None = "visa", **params: Any) -> str:
    """A customer with one of Stripe's cards for testing as their default; their id."""
    name = f"pm_card_{card}"
    pays = {"payment_method": name, "invoice_settings": {"default_payment_method": name}}
    wanted: Any = {**(pays if card else {}), **params}
    return client.v1.customers.create(wanted).id


def subscribes(
    client: stripe.StripeClient, customer: str, price: str, **params: Any
) -> stripe.Subscription:
    wanted: Any = {"customer": customer, "items": [{"price": price}], **params}
    return client.v1.subscriptions.create(wanted)


def now(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Subscription:
    """The subscription as it is by now."""
    return client.v1.subscriptions.retrieve(subscription.id)


def invoices(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> list[stripe.Invoice]:
    """Oldest first."""
    found = client.v1.invoices.list({"subscription": subscription.id, "limit": 100})
    return list(reversed(found.data))


def happened(client: stripe.StripeClient, *kinds: str, since: int = 0) -> list[str]:
    """Types of the last month's events, oldest first, of these kinds (`invoice.*`) or all."""
    chosen = {"types": list(kinds)} if kinds else {}
    wanted: Any = {"limit": 100, "created": {"gte": since}, **chosen}
    found = client.v1.events.list(wanted)
    return [event.type for event in reversed(found.data)]


def period(subscription: stripe.Subscription) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


def item_of(subscription: stripe.Subscription) -> str:
    return str(subscription["items"].data[0].id)
