"""Stripe's long lists, and what we keep of what is in them: nothing here calls anyone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from membership.billing import stripe_objects
from membership.billing.stripe_objects import CheckoutData, SubscriptionData, id_of

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A list of Stripe's: where the SDK has it, and what to make of each object in it."""

    service: str
    make: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Up to a hundred, newest first. `next` is the id to go on from; None: there are no more."""

    found: list[T]
    next: str | None


@dataclass(frozen=True)
class RefundData:
    """`amount_refunded` is all that was ever given back of the charge, in minor units."""

    payment_intent: str | None
    amount_refunded: int | None


@dataclass(frozen=True)
class DisputeData:
    payment_intent: str | None
    status: str


@dataclass(frozen=True)
class EventData:
    """`event` is as a webhook would have brought it."""

    id: str
    created: datetime
    event: dict[str, Any]


def _refund(found: Any) -> RefundData:
    return RefundData(
        payment_intent=id_of(found.payment_intent),
        amount_refunded=found.charge.amount_refunded if found.charge else None,
    )


def _dispute(found: Any) -> DisputeData:
    return DisputeData(payment_intent=id_of(found.payment_intent), status=found.status)


def _event(found: Any) -> EventData:
    return EventData(
        id=found.id,
        created=datetime.fromtimestamp(found.created, UTC),
        event=found.to_dict(for_json=True),
    )


SUBSCRIPTIONS: Listed[SubscriptionData] = Listed(
    "subscriptions", stripe_objects.subscription, {"status": "all"}
)
CHECKOUTS: Listed[CheckoutData] = Listed(
    "checkout.sessions",
    stripe_objects.checkout,
    {"status": "complete", "expand": ["data.line_items"]},
)
REFUNDS = Listed("refunds", _refund, {"expand": ["data.charge"]})
DISPUTES = Listed("disputes", _dispute)
EVENTS = Listed("events", _event)
