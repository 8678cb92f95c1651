"""What Stripe's portal should offer, as its configuration says it: pure rules."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Features = dict[str, Any]

MOST_PRODUCTS = 10  # Stripe takes no more
REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)
PAUSES = (1, 3)  # months


@dataclass(frozen=True)
class OnSale:
    """A recurring price that may be changed to. `unit_amount` is in minor units."""

    price_id: str
    product_id: str
    interval: str
    interval_count: int
    unit_amount: int


def wanted(on_sale: Iterable[OnSale], *, promotion_codes: bool) -> Features:
    """The `features` of the configuration. Products keep the order they come in.

    A change of plan is invoiced at once: otherwise what the dearer plan costs more would only be
    asked for with the next invoice, a year away perhaps. What is left of the cheaper one is
    credited. A trial goes on over the change.
    """
    return {
        "customer_update": {"enabled": True, "allowed_updates": ["name", "address", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "mode": "at_period_end",
            "cancellation_reason": {"enabled": True, "options": list(REASONS)},
        },
        "subscription_pause": {
            "enabled": True,
            "duration": {
                "type": "interval_options",
                "interval_options": [
                    {"interval": "month", "interval_count": months} for months in PAUSES
                ],
            },
        },
        "subscription_update": _update(changeable(on_sale), promotion_codes),
    }


def changeable(on_sale: Iterable[OnSale]) -> list[OnSale]:
    """The prices the portal can offer.

    Of two with the same product and interval Stripe refuses one: the cheaper stays, since nobody
    complains of that. Beyond ten products the newest are left out.
    """
    cheapest: dict[tuple[str, str, int], OnSale] = {}
    for price in on_sale:
        key = price.product_id, price.interval, price.interval_count
        if key not in cheapest or _cost(price) < _cost(cheapest[key]):
            cheapest[key] = price
    products = list(dict.fromkeys(price.product_id for price in cheapest.values()))[:MOST_PRODUCTS]
    return [price for price in cheapest.values() if price.product_id in products]


def without_pause(features: Features) -> Features:
    """For an account that cannot pause: only Stripe's newer portal has it."""
    return {name: what for name, what in features.items() if name != "subscription_pause"}


def fingerprint(features: Features) -> str:
    return hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()


def _update(prices: list[OnSale], promotion_codes: bool) -> Features:
    if not prices:
        return {"enabled": False}
    products = dict.fromkeys(price.product_id for price in prices)
    return {
        "enabled": True,
        "default_allowed_updates": ["price", *(["promotion_code"] if promotion_codes else [])],
        "products": [
            {"product": id_, "prices": [p.price_id for p in prices if p.product_id == id_]}
            for id_ in products
        ],
        "proration_behavior": "always_invoice",
        "trial_update_behavior": "continue_trial",
    }


def _cost(price: OnSale) -> tuple[int, str]:
    return price.unit_amount, price.price_id
