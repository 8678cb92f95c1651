"""The address at Stripe that events are sent to: ours, made once and kept as it should be."""

from dataclasses import dataclass, field

from membership import config
from membership.billing.stripe_account import EndpointData, StripeAccount
from membership.billing.stripe_api import API_VERSION
from membership.config import is_loopback

# What we ask for; docs/money.md says what is read again for each. Not `invoice.created`: until that
# is answered, Stripe waits with every charge.
EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "customer.updated",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.trial_will_end",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.finalization_failed",
    "invoice.marked_uncollectible",
    "invoice.voided",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "product.created",
    "product.updated",
    "product.deleted",
    "price.created",
    "price.updated",
    "price.deleted",
)


class Unreachable(Exception):
    """Stripe itself cannot call an address on this machine."""


@dataclass(frozen=True)
class Registered:
    """`secret` only when it was made just now. `others`: enabled ones at the same address that
    speak another version."""

    endpoint: EndpointData
    mended: bool = False
    secret: str | None = field(default=None, repr=False)
    others: tuple[EndpointData, ...] = ()


def url() -> str:
    return f"{config.current().site_url}/webhooks/stripe"


def can_be_called() -> bool:
    """Whether Stripe can reach us: its stand-in on this machine can, also without https."""
    settings = config.current()
    return not is_loopback(settings.site_url) or is_loopback(settings.stripe_api_base)


def missing_events(endpoint: EndpointData) -> list[str]:
    """What it should send and does not."""
    if "*" in endpoint.events:
        return []
    return [name for name in EVENTS if name not in endpoint.events]


def register(stripe: StripeAccount) -> Registered:
    """Make our endpoint, or find it and have it send what it should.

    The version of an endpoint cannot be changed: beside one of another version a new one is made,
    and the old one left as it is. Raises Unreachable and StripeError.
    """
    if not can_be_called():
        raise Unreachable
    here = [each for each in stripe.endpoints() if each.url == url()]
    others = tuple(each for each in here if each.version != API_VERSION and each.enabled)
    ours = sorted(
        (each for each in here if each.version == API_VERSION), key=lambda each: not each.enabled
    )
    if not ours:
        made, secret = stripe.create_endpoint(url(), EVENTS)
        return Registered(made, secret=secret, others=others)
    wrong = not ours[0].enabled or set(ours[0].events) != set(EVENTS)
    if wrong:
        stripe.enable_endpoint(ours[0].id, EVENTS)
    return Registered(ours[0], mended=wrong, others=others)
