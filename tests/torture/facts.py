"""What the model is told: what Stripe's API lists, who did what, and the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

Json = Mapping[str, Any]

DAY = 24 * 60 * 60
AFTER_A_PERIOD = DAY
NEAR = 5  # seconds about a moment in which two clocks may still disagree
FOREVER = float("inf")
PREMIUM = "premium"

PAID = ("paid", "no_payment_required")
DISPUTE_SHUTS = (
    *("needs_response", "under_review", "lost"),
    *("appeal_needs_response", "appeal_under_review"),
)
DISPUTE_LEAVES = (
    *("won", "prevented"),
    *("warning_needs_response", "warning_under_review", "warning_closed"),
)


class Answer(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    EITHER = "either"


class End(NamedTuple):
    """When a door falls shut: not before the one moment, and by the other."""

    earliest: float
    latest: float

    @classmethod
    def at(cls, moment: float) -> "End":
        return cls(moment, moment)

    def or_sooner(self, moment: float) -> "End":
        return End(min(self.earliest, moment), min(self.latest, moment))


GONE = End.at(0)
NEVER = End.at(FOREVER)


@dataclass(frozen=True)
class Policy:
    grace_days: int = 7
    on_refund: str = "purchase"
    on_dispute: str = "suspend"


@dataclass(frozen=True)
class Comp:
    member: str
    starts_at: float
    ends_at: float


@dataclass(frozen=True)
class Deeds:
    """What people did.

    `members` have a proven address, by name. `began` says who began a Checkout Session on the site,
    `signed` who a reference was signed for. `said` is the last word of the owner, or of a proven
    claim, about a customer or a guest's session: a member, or None for nobody's.
    """

    members: Mapping[str, str] = field(default_factory=dict)
    began: Mapping[str, str] = field(default_factory=dict)
    signed: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str | None] = field(default_factory=dict)
    comps: Sequence[Comp] = ()


@dataclass(frozen=True)
class Stripe:
    """What Stripe's API lists, each list whole; sessions with their `line_items`."""

    products: Sequence[Json] = ()
    customers: Sequence[Json] = ()
    subscriptions: Sequence[Json] = ()
    invoices: Sequence[Json] = ()
    invoice_payments: Sequence[Json] = ()
    charges: Sequence[Json] = ()
    disputes: Sequence[Json] = ()
    sessions: Sequence[Json] = ()

    @cached_property
    def opens(self) -> Mapping[str, frozenset[str]]:
        """Features by product, of products that are ours."""
        return {
            product["id"]: _features(product["metadata"])
            for product in self.products
            if "plan" in product["metadata"]
        }

    @cached_property
    def access_days(self) -> Mapping[str, int]:
        return {
            product["id"]: int(product["metadata"]["access_days"])
            for product in self.products
            if product["metadata"].get("access_days")
        }

    @cached_property
    def paid_with(self) -> Mapping[str, str]:
        """Subscriptions by the payment intents that paid their invoices."""
        invoices = {invoice["id"]: subscription_of(invoice) for invoice in self.invoices}
        return {
            payment["payment"]["payment_intent"]: subscription
            for payment in self.invoice_payments
            if payment["payment"].get("payment_intent")
            and (subscription := invoices.get(payment["invoice"]))
        }


def subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    found: str | None = details.get("subscription")
    return found


def _features(metadata: Mapping[str, str]) -> frozenset[str]:
    named = metadata.get("features", PREMIUM)
    return frozenset(name.strip() for name in named.split(",") if name.strip())
