"""An owner's Stripe account by its API: a product of ours, and a customer on a test clock."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from tests.support.stripe_signs import signature

PATIENCE = 300.0  # seconds: Stripe needs a while to live through a month


class Shop:
    """What it makes it takes away again: the customer with its clock; the product leaves sale."""

    def __init__(self, client: stripe.StripeClient, *, base: str, key: str) -> None:
        self.client, self.base, self.key = client, base, key
        self._began = int(time.time())
        self._told: set[str] = set()

    def __enter__(self) -> "Shop":
        product = self.client.v1.products.create(
            {"name": "A story told by tests", "metadata": {"plan": "a story told by tests"}}
        )
        self.price = self.client.v1.prices.create(
            {
                "product": product.id,
                "currency": "eur",
                "unit_amount": 500,
                "recurring": {"interval": "month"},
            }
        )
        self.product = product
        self.clock = self.client.v1.test_helpers.test_clocks.create({"frozen_time": self._began})
        return self

    def __exit__(self, *_: object) -> None:
        self.client.v1.test_helpers.test_clocks.delete(self.clock.id)
        self.client.v1.prices.update(self.price.id, {"active": False})
        self.client.v1.products.update(self.product.id, {"active": False})

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.frozen_time, UTC)

    def has_customer(self, email: str) -> None:
        self.customer = self.client.v1.customers.create(
            {"email": email, "test_clock": self.clock.id}
        )
        self.uses_card("pm_card_visa")

    def uses_card(self, card: str) -> None:
        """One of Stripe's test cards, for everything from now on."""
        method = self.client.v1.payment_methods.attach(card, {"customer": self.customer.id})
        self.client.v1.customers.update(
            self.customer.id, {"invoice_settings": {"default_payment_method": method.id}}
        )

    def subscribes(self) -> str:
        made = self.client.v1.subscriptions.create(
            {"customer": self.customer.id, "items": [{"price": self.price.id}]}
        )
        return made.id

    def time_passes(self, passed: timedelta) -> None:
        """Stripe lives through it, charge by charge; returns when it has."""
        clocks = self.client.v1.test_helpers.test_clocks
        clocks.advance(self.clock.id, {"frozen_time": int((self.now + passed).timestamp())})
        deadline = time.monotonic() + PATIENCE
        while (clock := clocks.retrieve(self.clock.id)).status != "ready":
            assert time.monotonic() < deadline, f"the test clock is still {clock.status}"
            time.sleep(0.5)
        self.clock = clock

    def news(self, secret: str) -> list[tuple[bytes, dict[str, str]]]:
        """Every event about the customer not told before: body and headers of its webhook."""
        told = []
        for event in self._events():
            if event["id"] not in self._told:
                self._told.add(event["id"])
                body = json.dumps(event).encode()
                told.append((body, {"Stripe-Signature": signature(body, secret=secret)}))
        return told

    def _events(self) -> list[dict[str, Any]]:
        since = {"created": {"gte": self._began - 60}, "limit": 100}
        found = self.client.v1.events.list(since)  # type: ignore[arg-type]  # as Stripe takes it
        events = [event.to_dict(for_json=True) for event in found.auto_paging_iter()]
        return [event for event in reversed(events) if self._is_about_customer(event)]

    def _is_about_customer(self, event: dict[str, Any]) -> bool:
        about = event["data"]["object"]
        return self.customer.id in (about.get("customer"), about["id"])
