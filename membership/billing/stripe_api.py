"""Stripe's API. The only module that imports `stripe`; no object of the SDK leaves here.

StripeError
├── StripeUnavailable   down, slow, limiting, or in conflict with itself: try again
├── StripeRefused       it understood and said no: trying again cannot help
└── BadSignature        these bytes were not signed by Stripe, or too long ago
"""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from flask import Flask, current_app

from membership.config import Config
from membership.db import end_reading
from membership.due import Away

# A Stripe that is slow may hold so many threads of a process, and leaves the others to readers.
_at_once = threading.BoundedSemaphore(4)
stripe.enable_telemetry = False  # it would write a file into somebody's home
TIMEOUT = (3.05, 10)  # seconds: to connect, and between bytes
MARKER = "latchkey"  # how we know our portal configuration again
TOLERANCE = 300  # seconds a signature stays good


class StripeError(Exception):
    """Something with Stripe; `str()` is a reason for the owner."""


class StripeUnavailable(StripeError, Away):
    pass


class StripeRefused(StripeError):
    pass


class BadSignature(StripeError):
    pass


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
    id: str
    email: str | None
    deleted: bool


@dataclass(frozen=True)
class SubscriptionData:
    """`product_ids` of all its items; the period is the item's that lasts longest."""

    id: str
    customer_id: str
    status: str
    price_id: str
    product_ids: list[str]
    created: datetime
    period_start: datetime
    period_end: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None


@dataclass(frozen=True)
class InvoiceData:
    id: str
    subscription_id: str | None
    period_start: datetime


@dataclass(frozen=True)
class CheckoutData:
    """A Checkout Session. `url` only while it is open."""

    id: str
    mode: str
    status: str
    payment_status: str
    customer_id: str | None
    client_reference_id: str | None
    price_id: str | None
    product_id: str | None
    url: str | None
    created: datetime


class StripeAPI:
    """Calls to one Stripe account. Every method may raise StripeUnavailable or StripeRefused."""

    def __init__(self, key: str, base: str) -> None:
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
            max_network_retries=1,
        )

    def products(self) -> list[ProductData]:
        with _our_errors():
            return [_product(p) for p in _all(self._client.v1.products.list({"limit": 100}))]

    def product(self, product_id: str) -> ProductData:
        with _our_errors():
            return _product(self._client.v1.products.retrieve(product_id))

    def prices(self) -> list[PriceData]:
        with _our_errors():
            return [_price(p) for p in _all(self._client.v1.prices.list({"limit": 100}))]

    def create_customer(self, email: str, *, user_id: int, idempotency_key: str) -> CustomerData:
        with _our_errors():
            made = self._client.v1.customers.create(
                {"email": email, "metadata": {"user_id": str(user_id)}},
                {"idempotency_key": idempotency_key},
            )
            return _customer(made)

    def customer(self, customer_id: str) -> CustomerData:
        with _our_errors():
            return _customer(self._client.v1.customers.retrieve(customer_id))

    def subscriptions(self, customer_id: str) -> list[SubscriptionData]:
        with _our_errors():
            found = self._client.v1.subscriptions.list(
                {"customer": customer_id, "status": "all", "limit": 100}
            )
            return [_subscription(s) for s in _all(found)]

    def open_invoices(self, customer_id: str) -> list[InvoiceData]:
        with _our_errors():
            found = self._client.v1.invoices.list(
                {"customer": customer_id, "status": "open", "limit": 100}
            )
            return [_invoice(i) for i in _all(found)]

    def completed_checkouts(self, customer_id: str) -> list[CheckoutData]:
        with _our_errors():
            found = self._client.v1.checkout.sessions.list(
                {
                    "customer": customer_id,
                    "status": "complete",
                    "limit": 100,
                    "expand": ["data.line_items"],
                }
            )
            return [_checkout(s) for s in _all(found)]

    def checkout(self, session_id: str) -> CheckoutData:
        with _our_errors():
            found = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": ["line_items"]}
            )
            return _checkout(found)

    def create_checkout(self, params: dict[str, Any], *, idempotency_key: str) -> CheckoutData:
        with _our_errors():
            made = self._client.v1.checkout.sessions.create(
                {**params, "expand": ["line_items"]},  # type: ignore[arg-type]
                {"idempotency_key": idempotency_key},
            )
            return _checkout(made)

    def expire_checkout(self, session_id: str) -> None:
        with _our_errors():
            self._client.v1.checkout.sessions.expire(session_id)

    def portal_url(self, customer_id: str, *, return_url: str) -> str:
        """A short-lived link to the customer's portal; never to be stored, logged or mailed."""
        with _our_errors():
            made = self._client.v1.billing_portal.sessions.create(
                {
                    "customer": customer_id,
                    "return_url": return_url,
                    "configuration": self._portal_configuration(),
                }
            )
            return made.url

    def _portal_configuration(self) -> str:
        """Ours, known by its metadata; a fresh Stripe account has none, so it is made."""
        configurations = self._client.v1.billing_portal.configurations
        for found in _all(configurations.list({"active": True, "limit": 100})):
            if (_get(found, "metadata") or {}).get("made_by") == MARKER:
                return str(found.id)
        made = configurations.create(
            {
                "features": {
                    "invoice_history": {"enabled": True},
                    "payment_method_update": {"enabled": True},
                    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
                },
                "metadata": {"made_by": MARKER},
            }
        )
        return made.id


def init_app(app: Flask, config: Config) -> None:
    app.extensions["stripe"] = StripeAPI(config.stripe_secret_key, config.stripe_api_base)


def client() -> StripeAPI:
    api: StripeAPI = current_app.extensions["stripe"]
    return api


def verified_event(body: bytes, header: str, secrets: Iterable[str]) -> dict[str, Any]:
    """The event in a webhook's raw bytes; raises BadSignature unless one of `secrets` signed it.

    Only the signature and JSON: building the SDK's event object costs fifty times as much.
    """
    if not any(_signed(body, header, secret) for secret in secrets):
        raise BadSignature("no webhook secret of ours signed this")
    try:
        event = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise BadSignature("the body is not JSON") from error
    if not isinstance(event, dict):
        raise BadSignature("the body is not an event")
    return event


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
    except (stripe.SignatureVerificationError, TypeError, UnicodeDecodeError):
        return False  # non-ASCII in the header is a TypeError, non-UTF-8 bytes the last
    return True


@contextmanager
def _our_errors() -> Iterator[None]:
    end_reading()
    if not _at_once.acquire(timeout=1):
        raise StripeUnavailable("too many calls to Stripe are under way")
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeUnavailable(str(error)) from error
    except stripe.APIError as error:  # 409 and 5xx
        raise StripeUnavailable(str(error)) from error
    except stripe.StripeError as error:
        raise StripeRefused(str(error)) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise StripeUnavailable(f"the answer was not understood: {error!r}") from error
    finally:
        _at_once.release()


def _all(page: Any) -> Iterable[Any]:
    """Every object of a list, all pages, or an error: never half a list."""
    objects: Iterable[Any] = page.auto_paging_iter()
    return objects


def _get(found: Any, name: str) -> Any:
    """A field, None when absent; nested Stripe objects as plain dicts where they are maps."""
    value = getattr(found, name, None)
    return value.to_dict() if name == "metadata" and value is not None else value


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _id(value: Any) -> str | None:
    """The id of an expandable field, expanded or not."""
    return value if value is None or isinstance(value, str) else str(value.id)


def _product(found: Any) -> ProductData:
    return ProductData(
        id=found.id,
        name=found.name,
        description=found.description,
        active=found.active,
        metadata={k: str(v) for k, v in (_get(found, "metadata") or {}).items()},
        marketing_features=[f.name for f in found.marketing_features or [] if f.name],
        created=datetime.fromtimestamp(found.created, UTC),
    )


def _price(found: Any) -> PriceData:
    recurring = _get(found, "recurring")
    return PriceData(
        id=found.id,
        product_id=str(_id(found.product)),
        active=found.active,
        currency=found.currency,
        unit_amount=found.unit_amount,
        interval=recurring.interval if recurring else None,
        interval_count=recurring.interval_count if recurring else 1,
    )


def _customer(found: Any) -> CustomerData:
    return CustomerData(
        id=found.id,
        email=_get(found, "email"),
        deleted=bool(_get(found, "deleted")),
    )


def _subscription(found: Any) -> SubscriptionData:
    items = found["items"].data
    return SubscriptionData(
        id=found.id,
        customer_id=str(_id(found.customer)),
        status=found.status,
        price_id=items[0].price.id,
        product_ids=[str(_id(item.price.product)) for item in items],
        created=datetime.fromtimestamp(found.created, UTC),
        period_start=datetime.fromtimestamp(max(i.current_period_start for i in items), UTC),
        period_end=datetime.fromtimestamp(max(i.current_period_end for i in items), UTC),
        cancel_at=_cancel_at(found, items),
        ended_at=_time(_get(found, "ended_at")),
        trial_end=_time(_get(found, "trial_end")),
    )


def _cancel_at(found: Any, items: Any) -> datetime | None:
    """A scheduled end: the portal sets the date only, the dashboard may set the boolean only."""
    if found.cancel_at is not None:
        return _time(found.cancel_at)
    if found.cancel_at_period_end:
        return _time(max(item.current_period_end for item in items))
    return None


def _invoice(found: Any) -> InvoiceData:
    parent = _get(found, "parent")
    details = _get(parent, "subscription_details") if parent else None
    starts = [line.period.start for line in found.lines.data if _renews(line)]
    return InvoiceData(
        id=found.id,
        subscription_id=_id(_get(details, "subscription")) if details else None,
        period_start=datetime.fromtimestamp(min(starts, default=found.created), UTC),
    )


def _renews(line: Any) -> bool:
    """Whether a line is for a period of the subscription: not a proration, nor an extra item."""
    parent = _get(line, "parent")
    details = _get(parent, "subscription_item_details") if parent else None
    return bool(details) and not _get(details, "proration")


def _checkout(found: Any) -> CheckoutData:
    lines = _get(found, "line_items")
    price = lines.data[0].price if lines and lines.data else None
    return CheckoutData(
        id=found.id,
        mode=found.mode,
        status=found.status,
        payment_status=found.payment_status,
        customer_id=_id(found.customer),
        client_reference_id=found.client_reference_id,
        price_id=price.id if price else None,
        product_id=str(_id(price.product)) if price else None,
        url=_get(found, "url"),
        created=datetime.fromtimestamp(found.created, UTC),
    )
