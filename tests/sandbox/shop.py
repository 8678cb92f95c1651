"""A shop without a site: what it asks Stripe for, and where it hears from it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

import stripe

from tests.support.settings import WEBHOOK_SECRET

BACK = "http://127.0.0.1:9/done?session_id={CHECKOUT_SESSION_ID}"
CANCELED = "http://127.0.0.1:9/plans"
WORKS = "4242424242424242"
DECLINED = "4000000000000002"

# What a checkout page may ask for besides the email and the card.
PAGE_FIELDS = {
    "city",
    "country",
    "line1",
    "name",
    "postal_code",
    "promotion_code",
    "terms_of_service",
}

Buys = Callable[..., stripe.checkout.Session]


@dataclass
class Hook:
    """A webhook's receiver. `answers` are statuses to give, one a call; 200 when there are none.

    `takes` is how many seconds it needs for an event of a type.
    """

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    takes: dict[str, float] = field(default_factory=dict)
    arrived: Condition = field(default_factory=Condition)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def hears(self, type_: str, timeout: float = 10) -> bool:
        """Whether an event of a type arrives by itself in time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: type_ in self.types, timeout)

    def receive(self, body: bytes, headers: dict[str, str]) -> int:
        if "Stripe-Signature" in headers:
            signature = headers["Stripe-Signature"]
            stripe.WebhookSignature.verify_header(body, signature, WEBHOOK_SECRET, 300)
        event = json.loads(body)
        time.sleep(self.takes.get(event.get("type"), 0))
        with self.arrived:
            self.events.append({**event, "headers": headers, "raw": body})
            self.arrived.notify_all()
        return self.answers.pop(0) if self.answers else 200


def open_checkout(
    client: stripe.StripeClient, price: str, *, recurring: bool = True, **params: Any
) -> stripe.checkout.Session:
    wanted: Any = {
        "mode": "subscription" if recurring else "payment",
        "line_items": [{"price": price, "quantity": 1}],
        "success_url": BACK,
        "cancel_url": CANCELED,
        **params,
    }
    return client.v1.checkout.sessions.create(wanted)
