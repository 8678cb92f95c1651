"""Portal configurations and portal sessions."""

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

LIFETIME = 60 * 60

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


def create_configuration(account: Account, params: Params) -> Document:
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
    return {
        **before,
        **{n: params[n] for n in ("active", "default_return_url", "name") if n in params},
        "business_profile": before["business_profile"] | (params.get("business_profile") or {}),
        "features": {
            name: was | (features.get(name) or {}) for name, was in before["features"].items()
        },
        "metadata": merged(before["metadata"], params.get("metadata", {})),
        "updated": account.now(),
    }


def retrieve_configuration(account: Account, _params: Params, configuration_id: str) -> Document:
    return account.get("billing_portal.configuration", configuration_id)


def update_configuration(account: Account, params: Params, configuration_id: str) -> Document:
    before = account.get("billing_portal.configuration", configuration_id)
    configuration = account.save(_written(account, before, params))
    account.emit("billing_portal.configuration.updated", configuration, before)
    return configuration


def list_configurations(account: Account, params: Params) -> Document:
    found = [
        configuration
        for configuration in account.all("billing_portal.configuration")
        if all(params.get(name) in (None, configuration[name]) for name in ("active", "is_default"))
    ]
    return lists.page("/v1/billing_portal/configurations", found, params)


def create_session(account: Account, params: Params) -> Document:
    customer = account.get("customer", params["customer"], param="customer")
    configuration = _configuration(account, params.get("configuration"))
    id_ = ids.new("bps")
    session = account.save(
        {
            "id": id_,
            "object": "billing_portal.session",
            "configuration": configuration["id"],
            "created": account.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": None,
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url") or configuration["default_return_url"],
            "url": f"{account.public_url}/portal/{id_}",
        }
    )
    account.emit("billing_portal.session.created", session)
    return session


def _configuration(account: Account, id_: str | None) -> Document:
    """A fresh account has no default one, and a session without one is refused."""
    if id_:
        return account.get("billing_portal.configuration", id_, param="configuration")
    for configuration in account.all("billing_portal.configuration", is_default=True):
        return configuration
    raise errors.Refusal(
        "No configuration provided and your test mode default configuration has not been created. "
        "Provide a configuration or create your default by saving your customer portal settings "
        "in test mode at https://dashboard.stripe.com/test/settings/billing/portal."
    )


ROUTES = [
    post("/billing_portal/configurations", create_configuration, CREATE),
    index(
        "/billing_portal/configurations",
        list_configurations,
        {"active": Flag(), "is_default": Flag()},
    ),
    get("/billing_portal/configurations/<configuration_id>", retrieve_configuration),
    post(
        "/billing_portal/configurations/<configuration_id>",
        update_configuration,
        {**WRITE, "active": Flag()},
    ),
    post(
        "/billing_portal/sessions",
        create_session,
        {
            "configuration": Text(),
            "customer": Text(required=True),
            "locale": Text(6),
            "return_url": Text(),
        },
    ),
]
