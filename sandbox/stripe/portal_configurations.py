"""Portal configurations: what customers may do there by themselves."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
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
from sandbox.stripe.routes import Params, get, index, post
from sandbox.stripe.subscriptions import FEEDBACK

FEATURES: Table = {
    "customer_update": Nested(
        {
            "allowed_updates": Many(
                choice("address", "email", "name", "phone", "shipping", "tax_id")
            ),
            "enabled": Flag(),
        }
    ),
    "invoice_history": Nested({"enabled": Flag(required=True)}),
    "payment_method_update": Nested({"enabled": Flag(required=True)}),
    "subscription_cancel": Nested(
        {
            "cancellation_reason": Nested(
                {"enabled": Flag(required=True), "options": Many(choice(*FEEDBACK))}
            ),
            "enabled": Flag(required=True),
            "mode": choice("at_period_end", "immediately"),
            "proration_behavior": choice("always_invoice", "create_prorations", "none"),
        }
    ),
    "subscription_pause": Nested(
        {
            "duration": Nested(
                {
                    "interval_options": Many(
                        Nested(
                            {
                                "interval": choice("day", "month", "week", "year", required=True),
                                "interval_count": Integer(1),
                            }
                        )
                    ),
                    "type": choice("indefinite", "interval_options", required=True),
                }
            ),
            "enabled": Flag(),
        }
    ),
    "subscription_update": Nested(
        {
            "billing_cycle_anchor": choice("now", "unchanged"),
            "default_allowed_updates": Many(choice("price", "promotion_code", "quantity")),
            "enabled": Flag(required=True),
            "products": Many(
                Nested({"prices": Many(Text(), required=True), "product": Text(required=True)}),
                most=10,
            ),
            "proration_behavior": choice("always_invoice", "create_prorations", "none"),
            "trial_update_behavior": choice("continue_trial", "end_trial"),
        }
    ),
}
WRITE: Table = {
    "business_profile": Nested(
        {"headline": Text(60), "privacy_policy_url": Text(), "terms_of_service_url": Text()}
    ),
    "default_return_url": Text(),
    "features": Nested(FEATURES),
    "metadata": Metadata(),
    "name": Text(),
}
CREATE: Table = {**WRITE, "features": Nested(FEATURES, required=True)}
NO_QUANTITY = {"enabled": False, "maximum": None, "minimum": 1}
NO_FEATURES: dict[str, Any] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": []},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [], "type": "indefinite"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def create(account: Account, params: Params) -> Document:
    now = account.now()
    blank: Document = {
        "id": ids.new("bpc"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": dict.fromkeys(
            ("headline", "privacy_policy_url", "terms_of_service_url")
        ),
        "created": now,
        "default_return_url": None,
        "features": NO_FEATURES,
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": now,
    }
    configuration = account.save(_written(account, blank, params))
    account.emit("billing_portal.configuration.created", configuration)
    return configuration


def _written(account: Account, before: Document, params: Params) -> Document:
    features = params.get("features") or {}
    after = {name: _merged(name, was, features) for name, was in before["features"].items()}
    after["subscription_pause"] = _pause(after["subscription_pause"])
    after["subscription_update"] = _update(account, after["subscription_update"])
    return {
        **before,
        **{n: params[n] for n in ("active", "default_return_url", "name") if n in params},
        "business_profile": before["business_profile"] | (params.get("business_profile") or {}),
        "features": after,
        "metadata": merged(before["metadata"], params.get("metadata", {})),
        "updated": account.now(),
    }


def _merged(name: str, was: dict[str, Any], features: dict[str, Any]) -> dict[str, Any]:
    """A feature as it was, with what is given; a field that is unset is as in a new account."""
    blank: dict[str, Any] = NO_FEATURES[name]
    given: dict[str, Any] = features.get(name) or {}
    return was | {
        field: blank.get(field) if value is None else value for field, value in given.items()
    }


def _pause(given: dict[str, Any]) -> dict[str, Any]:
    duration = given["duration"]
    options = [
        {"interval": option["interval"], "interval_count": option.get("interval_count") or 1}
        for option in duration.get("interval_options") or []
    ]
    if duration["type"] == "interval_options" and not options:
        raise errors.missing("features[subscription_pause][duration][interval_options]")
    return {**given, "duration": {"interval_options": options, "type": duration["type"]}}


def _update(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Plans to change to; Stripe does not offer two of one product that recur alike."""
    inside = "features[subscription_update]"
    if given["enabled"]:
        for name in ("default_allowed_updates", "products"):
            if not given[name]:
                raise errors.missing(f"{inside}[{name}]")
    products = given["products"] or []
    for place, each in enumerate(products):
        _refuse_twins(account, each, f"{inside}[products][{place}]")
    return {
        **given,
        "default_allowed_updates": given["default_allowed_updates"] or [],
        "products": [{"adjustable_quantity": NO_QUANTITY, **each} for each in products] or None,
    }


def _refuse_twins(account: Account, each: dict[str, Any], param: str) -> None:
    account.get("product", each["product"], param=f"{param}[product]")
    rhythms = set()
    for place, price_id in enumerate(each["prices"]):
        name = f"{param}[prices][{place}]"
        price = account.get("price", price_id, param=name)
        if price["product"] != each["product"] or not price["recurring"]:
            raise errors.invalid(f"{price_id} is no recurring price of {each['product']}.", name)
        rhythm = (price["recurring"]["interval"], price["recurring"]["interval_count"])
        if rhythm in rhythms:
            raise errors.invalid(
                "You cannot have multiple prices for the same product with the same billing "
                "interval.",
                name,
            )
        rhythms.add(rhythm)


def retrieve(account: Account, _params: Params, configuration_id: str) -> Document:
    return account.get("billing_portal.configuration", configuration_id)


def update(account: Account, params: Params, configuration_id: str) -> Document:
    before = account.get("billing_portal.configuration", configuration_id)
    configuration = account.save(_written(account, before, params))
    account.emit("billing_portal.configuration.updated", configuration, before)
    return configuration


def list_(account: Account, params: Params) -> Document:
    found = [
        configuration
        for configuration in account.all("billing_portal.configuration")
        if all(params.get(name) in (None, configuration[name]) for name in ("active", "is_default"))
    ]
    return lists.page("/v1/billing_portal/configurations", found, params)


def feature(account: Account, session: Document, name: str) -> dict[str, Any]:
    """What a portal session's configuration says of a feature."""
    configuration = account.get("billing_portal.configuration", session["configuration"])
    found: dict[str, Any] = configuration["features"][name]
    return found


ROUTES = [
    post("/billing_portal/configurations", create, CREATE),
    index(
        "/billing_portal/configurations",
        list_,
        {"active": Flag(), "is_default": Flag()},
    ),
    get("/billing_portal/configurations/<configuration_id>", retrieve),
    post(
        "/billing_portal/configurations/<configuration_id>",
        update,
        {**WRITE, "active": Flag()},
    ),
]
