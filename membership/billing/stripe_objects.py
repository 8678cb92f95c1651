"""What we keep of Stripe's objects, and how it is read out of the SDK's: nothing here calls anyone.

What an object lacks that Stripe always gave is an error for `stripe_api` to tell.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from membership.billing import ways_to_pay


@dataclass(frozen=True)
class ProductData:
    id: str
    name: str
    description: str | None
    active: bool
    metadata: dict[str, str]
    marketing_features: list[str]
    created: datetime


@dataclass(frozen=True)
class PriceData:
    """`unit_amount` in minor units, None where the amount is not one number."""

    id: str
    product_id: str
    active: bool
    currency: str
    unit_amount: int | None
    interval: str | None
    interval_count: int


@dataclass(frozen=True)
class CustomerData:
    """`pays_with` and `discounted` are of what they subscribe to, where that says nothing else."""

    id: str
    email: str | None
    deleted: bool
    pays_with: str | None = None
    discounted: bool = False


@dataclass(frozen=True)
class SubscriptionData:
    """`product_ids` of all its items; the period is the item's that lasts longest.

    `collection_paused`: it goes on, but nothing is charged for it (`pause_collection`).
    `pays_with` in the words of `ways_to_pay`; None: with whatever its customer has.
    """

    id: str
    customer_id: str
    status: str
    collection_paused: bool
    price_id: str
    product_ids: list[str]
    created: datetime
    period_start: datetime
    period_end: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    pays_with: str | None = None
    discounted: bool = False


@dataclass(frozen=True)
class InvoiceData:
    """The period is of what it asks money for; `paid_by`: the ids of the PaymentIntents that paid
    it. `total` in minor units; it has a `number` once it is no draft any more."""

    id: str
    subscription_id: str | None
    status: str
    period_start: datetime
    period_end: datetime
    paid_by: list[str]
    number: str | None
    total: int
    currency: str
    created: datetime


@dataclass(frozen=True)
class ChargeData:
    """A charge that succeeded; amounts in minor units.

    `dispute_status` is Stripe's word for its newest dispute, None when it never was disputed.
    """

    payment_intent: str
    customer_id: str | None
    amount: int
    amount_refunded: int
    currency: str
    dispute_status: str | None
    created: datetime


@dataclass(frozen=True)
class GivenBackData:
    """A refund. `status` is Stripe's word: one that is pending counts, one that failed does not."""

    id: str
    amount: int
    status: str


@dataclass(frozen=True)
class CheckoutData:
    """A Checkout Session. `url` only while it is open; `email` is the one it was paid with.

    `product_ids` of all its lines: a payment link may sell several things at once.
    """

    id: str
    mode: str
    status: str
    payment_status: str
    customer_id: str | None
    client_reference_id: str | None
    payment_intent: str | None
    email: str | None
    price_id: str | None
    product_ids: list[str]
    url: str | None
    created: datetime


def field(found: Any, name: str) -> Any:
    """A field, None when absent; nested Stripe objects as plain dicts where they are maps."""
    value = getattr(found, name, None)
    return value.to_dict() if name == "metadata" and value is not None else value


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def id_of(value: Any) -> str | None:
    """The id of an expandable field, expanded or not."""
    return value if value is None or isinstance(value, str) else str(value.id)


def product(found: Any) -> ProductData:
    return ProductData(
        id=found.id,
        name=found.name,
        description=found.description,
        active=found.active,
        metadata={k: str(v) for k, v in (field(found, "metadata") or {}).items()},
        marketing_features=[f.name for f in found.marketing_features or [] if f.name],
        created=datetime.fromtimestamp(found.created, UTC),
    )


def price(found: Any) -> PriceData:
    recurring = field(found, "recurring")
    return PriceData(
        id=found.id,
        product_id=str(id_of(found.product)),
        active=found.active,
        currency=found.currency,
        unit_amount=found.unit_amount,
        interval=recurring.interval if recurring else None,
        interval_count=recurring.interval_count if recurring else 1,
    )


def customer(found: Any) -> CustomerData:
    return CustomerData(
        id=found.id,
        email=field(found, "email"),
        deleted=bool(field(found, "deleted")),
        pays_with=_pays_with(field(found, "invoice_settings"), found),
        discounted=bool(field(found, "discount")),
    )


def subscription(found: Any) -> SubscriptionData:
    items = found["items"].data
    return SubscriptionData(
        id=found.id,
        customer_id=str(id_of(found.customer)),
        status=found.status,
        collection_paused=bool(field(found, "pause_collection")),
        price_id=items[0].price.id,
        product_ids=[str(id_of(item.price.product)) for item in items],
        created=datetime.fromtimestamp(found.created, UTC),
        period_start=datetime.fromtimestamp(max(i.current_period_start for i in items), UTC),
        period_end=datetime.fromtimestamp(max(i.current_period_end for i in items), UTC),
        cancel_at=_cancel_at(found, items),
        ended_at=_time(field(found, "ended_at")),
        trial_end=_time(field(found, "trial_end")),
        pays_with=_pays_with(found, found),
        discounted=any(field(each, "discounts") for each in (found, *items)),
    )


def _pays_with(settings: Any, found: Any) -> str | None:
    """By the settings that name a payment method; one of the old kind, a source, comes after it."""
    if method := field(settings, "default_payment_method"):
        return ways_to_pay.in_words(method)
    return ways_to_pay.UNNAMED if field(found, "default_source") else None


def _cancel_at(found: Any, items: Any) -> datetime | None:
    """A scheduled end: the portal sets the date only, the dashboard may set the boolean only."""
    if found.cancel_at is not None:
        return _time(found.cancel_at)
    if found.cancel_at_period_end:
        return _time(max(item.current_period_end for item in items))
    return None


def invoice(found: Any) -> InvoiceData:
    parent = field(found, "parent")
    details = field(parent, "subscription_details") if parent else None
    starts = [line.period.start for line in found.lines.data if _renews(line)]
    ends = [line.period.end for line in found.lines.data if line.amount >= 0]
    return InvoiceData(
        id=found.id,
        subscription_id=id_of(field(details, "subscription")) if details else None,
        status=found.status,
        period_start=datetime.fromtimestamp(min(starts, default=found.created), UTC),
        period_end=datetime.fromtimestamp(max(ends, default=found.created), UTC),
        paid_by=[str(id_of(p.payment.payment_intent)) for p in found.payments.data if _paid(p)],
        number=field(found, "number"),
        total=found.total,
        currency=found.currency,
        created=datetime.fromtimestamp(found.created, UTC),
    )


def _paid(payment: Any) -> bool:
    """Whether this is a charge that went through, and not one tried or noted by hand."""
    return bool(payment.status == "paid" and payment.payment.type == "payment_intent")


def _renews(line: Any) -> bool:
    """Whether a line is for a period of the subscription: not a proration, nor an extra item."""
    parent = field(line, "parent")
    details = field(parent, "subscription_item_details") if parent else None
    return bool(details) and not field(details, "proration")


def checkout(found: Any) -> CheckoutData:
    lines = field(found, "line_items")
    prices = [line.price for line in lines.data if line.price] if lines else []
    payer = field(found, "customer_details")
    return CheckoutData(
        id=found.id,
        mode=found.mode,
        status=found.status,
        payment_status=found.payment_status,
        customer_id=id_of(found.customer),
        client_reference_id=found.client_reference_id,
        payment_intent=id_of(field(found, "payment_intent")),
        email=field(payer, "email") if payer else None,
        price_id=prices[0].id if prices else None,
        product_ids=[str(id_of(price.product)) for price in prices],
        url=field(found, "url"),
        created=datetime.fromtimestamp(found.created, UTC),
    )


def charge(found: Any, dispute_status: str | None) -> ChargeData:
    return ChargeData(
        payment_intent=str(id_of(found.payment_intent)),
        customer_id=id_of(field(found, "customer")),
        amount=found.amount,
        amount_refunded=found.amount_refunded,
        currency=found.currency,
        dispute_status=dispute_status,
        created=datetime.fromtimestamp(found.created, UTC),
    )


def given_back(found: Any) -> GivenBackData:
    return GivenBackData(id=found.id, amount=found.amount, status=found.status)
