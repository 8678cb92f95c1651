"""What a Checkout Session may be asked for, what is refused, and what is kept for its end."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.store import Document
from sandbox.stripe import errors
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Email,
    Flag,
    Integer,
    Many,
    Metadata,
    Nested,
    Table,
    Text,
    choice,
    merged,
)
from sandbox.stripe.routes import Params

KIND = "checkout.terms"  # kept beside the session, which does not show them
DAY = 24 * 60 * 60
SHORTEST, LONGEST = 30 * 60, DAY
TWO_DAYS = 2 * DAY

AUTO_OR_NEVER = choice("auto", "never")
# What a payment link takes as well, and hands on to each of its sessions.
SHARED: Table = {
    "allow_promotion_codes": Flag(),
    "automatic_tax": Nested({"enabled": Flag(required=True)}),
    "billing_address_collection": choice("auto", "required"),
    "consent_collection": Nested({"terms_of_service": choice("none", "required")}),
    "customer_creation": choice("always", "if_required"),
    "line_items": Many(
        Nested({"price": Text(required=True), "quantity": Integer(1, 999_999)}), required=True
    ),
    "metadata": Metadata(),
    "payment_intent_data": Nested({"description": Text(1000), "metadata": Metadata()}),
    "payment_method_collection": choice("always", "if_required"),
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
}
SUBSCRIPTION_DATA: Table = {
    "description": Text(500),
    "metadata": Metadata(),
    "trial_period_days": Integer(1, 730),
    "trial_settings": Nested(
        {
            "end_behavior": Nested(
                {
                    "missing_payment_method": choice(
                        "cancel", "create_invoice", "pause", required=True
                    )
                },
                required=True,
            )
        }
    ),
}
CREATE: Table = {
    **SHARED,
    "after_expiration": Nested(
        {"recovery": Nested({"allow_promotion_codes": Flag(), "enabled": Flag(required=True)})}
    ),
    "cancel_url": Text(),
    "client_reference_id": Text(200),
    "customer": Text(),
    "customer_email": Email(800),
    "customer_update": Nested(
        {"address": AUTO_OR_NEVER, "name": AUTO_OR_NEVER, "shipping": AUTO_OR_NEVER}
    ),
    "discounts": Many(Nested({"coupon": Text(), "promotion_code": Text()}), most=1),
    "expires_at": Integer(),
    "locale": Text(6),
    "mode": choice("payment", "subscription", required=True),
    "subscription_data": Nested({**SUBSCRIPTION_DATA, "trial_end": Integer()}),
    "success_url": Text(required=True),
    "ui_mode": choice("hosted_page"),
}
BELONGS = (
    ("subscription_data", "subscription"),
    ("payment_method_collection", "subscription"),
    ("payment_intent_data", "payment"),
    ("customer_creation", "payment"),
    ("submit_type", "payment"),
)


def refuse_contradictions(params: Params) -> None:
    """Raises Stripe's refusal of what does not go together."""
    for name, mode in BELONGS:
        if name in params and params["mode"] != mode and params.get(name) != "subscribe":
            raise errors.invalid(f"You can not pass `{name}` in `{params['mode']}` mode.", name)
    for name in ("success_url", "cancel_url"):
        refuse_non_url(params.get(name), name)
    if params.get("allow_promotion_codes") and params.get("discounts"):
        raise errors.Refusal(
            "You may only specify one of these parameters: allow_promotion_codes, discounts."
        )
    if params.get("customer") and params.get("customer_email"):
        raise errors.Refusal(
            "You may only specify one of these parameters: customer, customer_email."
        )
    if params.get("customer_update") and not params.get("customer"):
        raise errors.invalid(
            "`customer_update` can only be used with `customer`.", "customer_update"
        )


def refuse_non_url(url: str | None, name: str) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.invalid("Not a valid URL", name, "url_invalid")


def refuse_untaxable(params: Params, customer: Document | None) -> None:
    """Tax needs to know where somebody lives, and Checkout may only note it when told so."""
    if not (params.get("automatic_tax") or {}).get("enabled") or customer is None:
        return
    update = params.get("customer_update") or {}
    known = (customer["address"] or {}).get("country")
    if not known and "auto" not in (update.get("address"), update.get("shipping")):
        raise errors.Refusal(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a "
            "valid address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the "
            "Customer.",
            code="customer_tax_location_invalid",
        )


def expiry(account: Account, params: Params) -> int:
    now = account.now()
    expires_at = params.get("expires_at")
    if expires_at is None:
        return now + DAY
    if not now + SHORTEST <= expires_at <= now + LONGEST:
        raise errors.invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation.",
            "expires_at",
        )
    return int(expires_at)


def kept(account: Account, params: Params) -> Document:
    """What is done on completion, and what a recovered session is made of again."""
    subscription: dict[str, Any] = params.get("subscription_data") or {}
    payment: dict[str, Any] = params.get("payment_intent_data") or {}
    ending = (subscription.get("trial_settings") or {}).get("end_behavior") or {}
    return {
        "asked": params,
        "customer_update": params.get("customer_update") or {},
        "description": subscription.get("description") or payment.get("description"),
        "missing_payment_method": ending.get("missing_payment_method") or "create_invoice",
        "payment_metadata": merged({}, payment.get("metadata")),
        "subscription_metadata": merged({}, subscription.get("metadata")),
        "trial_days": _trial_days(account, subscription),
    }


def _trial_days(account: Account, subscription: dict[str, Any]) -> int | None:
    days, end = subscription.get("trial_period_days"), subscription.get("trial_end")
    if days and end:
        raise errors.Refusal("You may only specify one of trial_end and trial_period_days.")
    if end and end < account.now() + TWO_DAYS:
        raise errors.invalid(
            "The `trial_end` date has to be at least 2 days in the future.",
            "subscription_data[trial_end]",
        )
    return -(-(end - account.now()) // DAY) if end else days


def of(account: Account, session_id: str) -> Document:
    """What was kept of a session's terms."""
    found = account.store.get(KIND, session_id)
    if found is None:
        raise errors.no_such("checkout.session", session_id)
    return found
