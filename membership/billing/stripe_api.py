"""Stripe's API. The only module that imports `stripe`; no object of the SDK leaves here.

StripeError
├── StripeUnavailable   down, slow, limiting, or in conflict with itself: try again
├── StripeNotUnderstood what it answered about one thing; others may be as ever
├── StripeRefused       it understood and said no: trying again cannot help
│   └── StripeForbidden the key works, and may not do this
└── BadSignature        these bytes were not signed by Stripe, or too long ago
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from operator import attrgetter
from typing import Any

import stripe
from flask import Flask, current_app

from membership.billing import account_guard, pace, stripe_objects
from membership.billing.stripe_lists import Listed, Page, T
from membership.billing.stripe_objects import (
    ChargeData,
    CheckoutData,
    CustomerData,
    GivenBackData,
    InvoiceData,
    PriceData,
    ProductData,
    SubscriptionData,
)
from membership.config import Config, current
from membership.db import end_reading
from membership.due import Away

# A Stripe that is slow may hold so many threads of a process, and leaves the others to readers.
_at_once = threading.BoundedSemaphore(4)
stripe.enable_telemetry = False  # it would write a file into somebody's home
TIMEOUT = (3.05, 10)  # seconds: to connect, and between bytes
IMPATIENT = (3.05, 4)
API_VERSION: str = stripe.api_version  # of what we ask, and of the events we want to be sent
MARKER = "latchkey"  # how we know our portal configuration again
TOLERANCE = 300  # seconds a signature stays good


class StripeError(Exception):
    """Something with Stripe; `str()` is a reason for the owner."""


class StripeUnavailable(StripeError, Away):
    pass


class StripeNotUnderstood(StripeError):
    pass


class StripeRefused(StripeError):
    pass


class StripeForbidden(StripeRefused):
    pass


class BadSignature(StripeError):
    pass


class _Paced(stripe.RequestsClient):
    """Waits for its turn before every request: of each page of a list, and of each retry."""

    def request(  # type: ignore[override]  # the SDK's own two classes disagree about the bytes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        pace.wait()
        body, status, answered = super().request(method, url, headers, post_data)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            pace.refused()
        return body, status, answered


class StripeAPI:
    """Calls to one Stripe account. Every method may raise StripeUnavailable or StripeRefused.

    `impatient`: for a look at how things are, which neither waits for its turn nor tries twice.
    """

    def __init__(self, key: str, base: str, *, impatient: bool = False) -> None:
        http = stripe.RequestsClient(timeout=IMPATIENT) if impatient else _Paced(timeout=TIMEOUT)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            http_client=http,
            max_network_retries=0 if impatient else 1,
        )
        self._account_id: str | None = None
        self._account_asked = False
        self._cards_forbidden = False

    def account_id(self) -> str | None:
        """Of which account the key is, asked once; None for a key that may not say."""
        if not self._account_asked:
            with suppress(StripeForbidden), our_errors():
                self._account_id = self._client.v1.accounts.retrieve_current().id
            self._account_asked = True
        return self._account_id

    def page(
        self, listed: Listed[T], *, after: str | None = None, since: datetime | None = None
    ) -> Page[T]:
        """The next hundred of a list: those after an id, made at a moment or later."""
        params: dict[str, Any] = {**listed.params, "limit": 100}
        if after:
            params["starting_after"] = after
        if since:
            params["created"] = {"gte": int(since.timestamp())}
        with our_errors():
            found = attrgetter(listed.service)(self._client.v1).list(params)
            last = found.data[-1].id if found.has_more else None
            return Page([listed.make(each) for each in found.data], last)

    def products(self) -> list[ProductData]:
        with our_errors():
            return [
                stripe_objects.product(p)
                for p in every(self._client.v1.products.list({"limit": 100}))
            ]

    def product(self, product_id: str) -> ProductData:
        with our_errors():
            return stripe_objects.product(self._client.v1.products.retrieve(product_id))

    def prices(self) -> list[PriceData]:
        with our_errors():
            return [
                stripe_objects.price(p) for p in every(self._client.v1.prices.list({"limit": 100}))
            ]

    def create_customer(self, email: str, *, user_id: int, idempotency_key: str) -> CustomerData:
        with our_errors():
            made = self._client.v1.customers.create(
                {"email": email, "metadata": {"user_id": str(user_id)}},
                {"idempotency_key": idempotency_key},
            )
            return stripe_objects.customer(made)

    def set_email(self, customer_id: str, email: str) -> None:
        """Where Stripe writes to this customer from now on."""
        with our_errors():
            self._client.v1.customers.update(customer_id, {"email": email})

    def customer(self, customer_id: str) -> CustomerData:
        """With what they pay with, for a key that may read it."""

        def ask(expand: list[str]) -> CustomerData:
            with our_errors():
                return stripe_objects.customer(
                    self._client.v1.customers.retrieve(customer_id, {"expand": expand})
                )

        return self._with_card("invoice_settings.default_payment_method", ask)

    def subscriptions(self, customer_id: str) -> list[SubscriptionData]:
        """All that this customer ever had, each with what pays for it, as above."""

        def ask(expand: list[str]) -> list[SubscriptionData]:
            with our_errors():
                found = self._client.v1.subscriptions.list(
                    {"customer": customer_id, "status": "all", "limit": 100, "expand": expand}
                )
                return [stripe_objects.subscription(s) for s in every(found)]

        return self._with_card("data.default_payment_method", ask)

    def _with_card(self, path: str, ask: Callable[[list[str]], T]) -> T:
        """What decides about access never hangs on the card, which is only shown: a key that may
        not read it is noticed once, and from then on not asked for it."""
        if self._cards_forbidden:
            return ask([])
        try:
            return ask([path])
        except StripeRefused as refused:
            found = ask([])
            self._cards_forbidden = isinstance(refused, StripeForbidden)
            return found

    def invoices(self, customer_id: str) -> list[InvoiceData]:
        """All of them, each with what paid it."""
        with our_errors():
            found = self._client.v1.invoices.list(
                {"customer": customer_id, "limit": 100, "expand": ["data.payments"]}
            )
            return [stripe_objects.invoice(i) for i in every(found)]

    def invoice_address(self, invoice_id: str) -> str | None:
        """Where whoever has this address finds its PDF, or its page where there is none yet; for a
        while, and never to be kept."""
        with our_errors():
            found = self._client.v1.invoices.retrieve(invoice_id)
            return found.invoice_pdf or found.hosted_invoice_url

    def charges(self, customer_id: str) -> list[ChargeData]:
        """Those of a customer that succeeded, with their disputes, newest first."""
        with our_errors():
            found = self._client.v1.charges.list({"customer": customer_id, "limit": 100})
            return self._succeeded(found)

    def charges_of(self, payment_intent: str) -> list[ChargeData]:
        """The one that succeeded of all that were tried; none when none did."""
        with our_errors():
            found = self._client.v1.charges.list({"payment_intent": payment_intent, "limit": 100})
            return self._succeeded(found)

    def _succeeded(self, page: Any) -> list[ChargeData]:
        return [
            stripe_objects.charge(found, self._dispute_status(found.id) if found.disputed else None)
            for found in every(page)
            if found.status == "succeeded" and found.payment_intent
        ]

    def _dispute_status(self, charge_id: str) -> str | None:
        newest = self._client.v1.disputes.list({"charge": charge_id, "limit": 1}).data
        return newest[0].status if newest else None

    def payer(self, payment_intent: str) -> str | None:
        """Whose payment it is: the customer's id, or the Checkout Session's of a guest; None for a
        payment that has neither."""
        with our_errors():
            found = self._client.v1.payment_intents.retrieve(payment_intent)
            if found.customer:
                return stripe_objects.id_of(found.customer)
            sessions = self._client.v1.checkout.sessions.list({"payment_intent": payment_intent})
            return sessions.data[0].id if sessions.data else None

    def completed_checkouts(self, customer_id: str) -> list[CheckoutData]:
        with our_errors():
            found = self._client.v1.checkout.sessions.list(
                {
                    "customer": customer_id,
                    "status": "complete",
                    "limit": 100,
                    "expand": ["data.line_items"],
                }
            )
            return [stripe_objects.checkout(s) for s in every(found)]

    def open_checkouts(self, customer_id: str) -> list[CheckoutData]:
        """Those on which this customer could still pay."""
        with our_errors():
            found = self._client.v1.checkout.sessions.list(
                {
                    "customer": customer_id,
                    "status": "open",
                    "limit": 100,
                    "expand": ["data.line_items"],
                }
            )
            return [stripe_objects.checkout(s) for s in every(found)]

    def checkout(self, session_id: str) -> CheckoutData:
        with our_errors():
            found = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": ["line_items"]}
            )
            return stripe_objects.checkout(found)

    def create_checkout(self, params: dict[str, Any], *, idempotency_key: str) -> CheckoutData:
        with our_errors():
            made = self._client.v1.checkout.sessions.create(
                {**params, "expand": ["line_items"]},  # type: ignore[arg-type]
                {"idempotency_key": idempotency_key},
            )
            return stripe_objects.checkout(made)

    def expire_checkout(self, session_id: str) -> None:
        with our_errors():
            self._client.v1.checkout.sessions.expire(session_id)

    def cancel(self, subscription_id: str) -> None:
        """End a subscription now. Nothing is charged or credited for the rest of its period."""
        with our_errors():
            self._client.v1.subscriptions.cancel(subscription_id)

    def keep(self, subscription_id: str) -> None:
        """Take back an end that is scheduled."""
        with our_errors():
            self._client.v1.subscriptions.update(subscription_id, {"cancel_at": ""})

    def refund(self, payment_intent: str, amount: int, *, idempotency_key: str) -> GivenBackData:
        """Give back so much, in minor units, of a payment."""
        with our_errors():
            made = self._client.v1.refunds.create(
                {"payment_intent": payment_intent, "amount": amount},
                {"idempotency_key": idempotency_key},
            )
            return stripe_objects.given_back(made)

    def portal_url(
        self,
        customer_id: str,
        *,
        configuration: str,
        return_url: str,
        flow: dict[str, Any] | None = None,
    ) -> str:
        """A short-lived link to the customer's portal; never to be stored, logged or mailed.

        `flow` opens it at one task: the card, another plan, cancelling.
        """
        params: dict[str, Any] = {
            "customer": customer_id,
            "return_url": return_url,
            "configuration": configuration,
        }
        if flow:
            params["flow_data"] = flow
        with our_errors():
            made = self._client.v1.billing_portal.sessions.create(params)  # type: ignore[arg-type]
            return made.url

    def portal_configuration(self) -> str | None:
        """The one we made in this account, known by its metadata; the oldest, if there are two."""
        with our_errors():
            found = self._client.v1.billing_portal.configurations.list(
                {"active": True, "limit": 100}
            )
            ours = [
                c
                for c in every(found)
                if (stripe_objects.field(c, "metadata") or {}).get("made_by") == MARKER
            ]
            return min(ours, key=lambda c: (c.created, c.id)).id if ours else None

    def create_portal_configuration(self, params: dict[str, Any], *, idempotency_key: str) -> str:
        with our_errors():
            made = self._client.v1.billing_portal.configurations.create(
                {**params, "metadata": {"made_by": MARKER}},  # type: ignore[typeddict-item]
                {"idempotency_key": idempotency_key},
            )
            return made.id

    def update_portal_configuration(self, configuration: str, params: dict[str, Any]) -> None:
        with our_errors():
            self._client.v1.billing_portal.configurations.update(
                configuration,
                params,  # type: ignore[arg-type]
            )


def init_app(app: Flask, config: Config) -> None:
    pace.init_app(app)
    app.extensions["stripe"] = StripeAPI(config.stripe_secret_key, config.stripe_api_base)


def client() -> StripeAPI:
    """Raises StripeUnavailable while the key is of another account than the one we copy."""
    api: StripeAPI = current_app.extensions["stripe"]
    try:
        account_guard.check(api.account_id(), livemode=current().livemode)
    except account_guard.AnotherAccount as error:
        raise StripeUnavailable(str(error)) from error
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
def our_errors() -> Iterator[None]:
    """For a call to Stripe: what the SDK raises becomes ours."""
    end_reading()
    if not _at_once.acquire(timeout=1):
        raise StripeUnavailable("too many calls to Stripe are under way")
    try:
        yield
    except (pace.Paused, stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeUnavailable(str(error)) from error
    except stripe.APIError as error:  # 409 and 5xx
        raise StripeUnavailable(str(error)) from error
    except stripe.PermissionError as error:
        raise StripeForbidden(str(error)) from error
    except stripe.StripeError as error:
        raise StripeRefused(str(error)) from error
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise StripeNotUnderstood(f"Stripe's answer was not understood: {error!r}") from error
    finally:
        _at_once.release()


def every(page: Any) -> Iterable[Any]:
    """Every object of a list, all pages, or an error: never half a list."""
    objects: Iterable[Any] = page.auto_paging_iter()
    return objects
