"""The owner's Stripe account: whose it is, and how it is set up for us.

What the commands of the owner ask, and no page does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from membership import config
from membership.billing import stripe_objects
from membership.billing.stripe_api import API_VERSION, MARKER, StripeAPI, every, our_errors
from membership.billing.stripe_objects import PriceData, ProductData


@dataclass(frozen=True)
class AccountData:
    """`at`: the time by Stripe's clock when it answered; None when it did not say."""

    id: str
    name: str | None
    charges_enabled: bool
    at: datetime | None


@dataclass(frozen=True)
class EndpointData:
    """An address that Stripe sends events to. `version` None: the account's own."""

    id: str
    url: str
    enabled: bool
    version: str | None
    events: Sequence[str]
    created: datetime


@dataclass(frozen=True)
class EventData:
    id: str
    type: str
    created: datetime


@dataclass(frozen=True)
class PortalData:
    """What a portal configuration lets people do by themselves."""

    id: str
    may_cancel: bool
    may_change_card: bool


class StripeAccount(StripeAPI):
    """Every method may raise StripeUnavailable or StripeRefused."""

    def account(self) -> AccountData:
        with our_errors():
            found = self._client.v1.accounts.retrieve_current()
            answer = found.last_response
            date = answer.headers.get("Date") if answer else None
            return AccountData(
                found.id,
                _display_name(found),
                bool(found.charges_enabled),
                parsedate_to_datetime(date) if date else None,
            )

    def endpoints(self) -> list[EndpointData]:
        """All of them, also other people's, the oldest first."""
        with our_errors():
            found = every(self._client.v1.webhook_endpoints.list({"limit": 100}))
            return sorted((_endpoint(e) for e in found), key=lambda e: (e.created, e.id))

    def create_endpoint(self, url: str, events: Sequence[str]) -> tuple[EndpointData, str]:
        """A new one with our API version, and its secret, which Stripe tells this once."""
        params: Any = {
            "url": url,
            "enabled_events": list(events),
            "api_version": API_VERSION,
            "metadata": {"made_by": MARKER},
        }
        with our_errors():
            made = self._client.v1.webhook_endpoints.create(params)
            return _endpoint(made), str(made["secret"])

    def enable_endpoint(self, endpoint_id: str, events: Sequence[str]) -> None:
        """Let it send these events, and no others."""
        params: Any = {"enabled_events": list(events), "disabled": False}
        with our_errors():
            self._client.v1.webhook_endpoints.update(endpoint_id, params)

    def disable_endpoint(self, endpoint_id: str) -> None:
        with our_errors():
            self._client.v1.webhook_endpoints.update(endpoint_id, {"disabled": True})

    def on_sale(self) -> tuple[list[ProductData], list[PriceData]]:
        """Every active product and every active price, also what is not ours."""
        active: Any = {"active": True, "limit": 100}
        with our_errors():
            products = every(self._client.v1.products.list(active))
            prices = every(self._client.v1.prices.list(active))
            return (
                [stripe_objects.product(each) for each in products],
                [stripe_objects.price(each) for each in prices],
            )

    def checkout_completions(self, since: datetime) -> list[EventData]:
        """The newest hundred events that tell of one."""
        return self._events(since, {"type": "checkout.session.completed"})

    def undelivered(self, since: datetime) -> list[EventData]:
        """The newest hundred events that some endpoint of the account has not taken."""
        return self._events(since, {"delivery_success": False})

    def _events(self, since: datetime, which: dict[str, Any]) -> list[EventData]:
        params: Any = {"limit": 100, "created": {"gte": int(since.timestamp())}, **which}
        with our_errors():
            page = self._client.v1.events.list(params)
            return [EventData(e.id, e.type, _moment(e.created)) for e in page.data]

    def portals(self) -> list[PortalData]:
        """The active configurations that we made."""
        with our_errors():
            found = self._client.v1.billing_portal.configurations.list(
                {"active": True, "limit": 100}
            )
            return [_portal(each) for each in every(found) if _is_ours(each)]


def client(*, impatient: bool = False) -> StripeAccount:
    settings = config.current()
    return StripeAccount(settings.stripe_secret_key, settings.stripe_api_base, impatient=impatient)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_ours(found: Any) -> bool:
    return (stripe_objects.field(found, "metadata") or {}).get("made_by") == MARKER


def _display_name(found: Any) -> str | None:
    dashboard = stripe_objects.field(stripe_objects.field(found, "settings"), "dashboard")
    name = stripe_objects.field(dashboard, "display_name")
    return str(name) if name else None


def _endpoint(found: Any) -> EndpointData:
    return EndpointData(
        id=found.id,
        url=found.url,
        enabled=found.status == "enabled",
        version=stripe_objects.field(found, "api_version"),
        events=tuple(found.enabled_events),
        created=_moment(found.created),
    )


def _portal(found: Any) -> PortalData:
    features = found.features
    return PortalData(
        found.id, features.subscription_cancel.enabled, features.payment_method_update.enabled
    )
