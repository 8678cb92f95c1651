"""Portal sessions: one customer's way to the portal, perhaps straight to one task of it."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, subscription_state
from sandbox.stripe.account import Account
from sandbox.stripe.params import Nested, Table, Text, choice
from sandbox.stripe.routes import Params, post

LIFETIME = 60 * 60
# A flow's type, and the feature that has to be enabled for it.
FLOWS = {
    "customer_update": "customer_update",
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_pause": "subscription_pause",
    "subscription_update": "subscription_update",
}
ABOUT_ONE = ("subscription_cancel", "subscription_pause", "subscription_update")
SUBSCRIPTION = Nested({"subscription": Text(required=True)})
FLOW: Table = {
    "after_completion": Nested(
        {
            "hosted_confirmation": Nested({"custom_message": Text(500)}),
            "redirect": Nested({"return_url": Text(required=True)}),
            "type": choice("hosted_confirmation", "portal_homepage", "redirect", required=True),
        }
    ),
    **dict.fromkeys(ABOUT_ONE, SUBSCRIPTION),
    "type": choice(*FLOWS, required=True),
}
CREATE: Table = {
    "configuration": Text(),
    "customer": Text(required=True),
    "flow_data": Nested(FLOW),
    "locale": Text(6),
    "return_url": Text(),
}


def create(account: Account, params: Params) -> Document:
    customer = account.get("customer", params["customer"], param="customer")
    configuration = _configuration(account, params.get("configuration"))
    flow = _flow(account, configuration, customer, params.get("flow_data"))
    id_ = ids.new("bps")
    session = account.save(
        {
            "id": id_,
            "object": "billing_portal.session",
            "after_expiration": None,
            "configuration": configuration["id"],
            "created": account.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
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
        found = account.get("billing_portal.configuration", id_, param="configuration")
        if not found["active"]:
            raise errors.invalid("This configuration is not active.", "configuration")
        return found
    for configuration in account.all("billing_portal.configuration", is_default=True):
        return configuration
    raise errors.Refusal(
        "No configuration provided and your test mode default configuration has not been created. "
        "Provide a configuration or create your default by saving your customer portal settings "
        "in test mode at https://dashboard.stripe.com/test/settings/billing/portal."
    )


def _flow(
    account: Account, configuration: Document, customer: Document, given: dict[str, Any] | None
) -> Document | None:
    if given is None:
        return None
    kind = given["type"]
    if not configuration["features"][FLOWS[kind]]["enabled"]:
        raise errors.Refusal(
            f"The portal configuration does not have `{FLOWS[kind]}` enabled, which this flow "
            "needs.",
            param="flow_data[type]",
        )
    for name in ABOUT_ONE:
        if (name == kind) != bool(given.get(name)):
            raise errors.invalid(
                f"`{name}` belongs to a flow of type `{name}`, which needs it.",
                f"flow_data[{name}]",
            )
    if kind in ABOUT_ONE:
        _refuse_subscription(account, customer, kind, given[kind]["subscription"])
    return {
        "after_completion": _after(given.get("after_completion") or {"type": "portal_homepage"}),
        **dict.fromkeys((*ABOUT_ONE, "customer_update", "subscription_update_confirm")),
        **({kind: _about(kind, given[kind])} if kind in ABOUT_ONE else {}),
        "type": kind,
    }


def _about(kind: str, given: dict[str, Any]) -> Document:
    retention = {"retention": None} if kind == "subscription_cancel" else {}
    return {**retention, "subscription": given["subscription"]}


def _refuse_subscription(account: Account, customer: Document, kind: str, id_: str) -> None:
    param = f"flow_data[{kind}][subscription]"
    subscription = account.get("subscription", id_, param=param)
    if subscription["customer"] != customer["id"]:
        raise errors.no_such("subscription", id_, param=param)
    if subscription["status"] in subscription_state.ENDED:
        raise errors.invalid("This subscription has ended.", param)
    if kind == "subscription_cancel" and subscription["cancel_at"]:
        raise errors.invalid(
            "This subscription cannot be canceled: it is already set to be canceled.", param
        )


def _after(given: dict[str, Any]) -> Document:
    kind = given["type"]
    if kind == "redirect" and not given.get("redirect"):
        raise errors.missing("flow_data[after_completion][redirect]")
    message = (given.get("hosted_confirmation") or {}).get("custom_message")
    return {
        "hosted_confirmation": {"custom_message": message}
        if kind == "hosted_confirmation"
        else None,
        "redirect": given["redirect"] if kind == "redirect" else None,
        "type": kind,
    }


def opened(account: Account, session_id: str) -> Document:
    """A session whose link still works; else Stripe's refusal."""
    session = account.get("billing_portal.session", session_id)
    with account.time_of(session):
        over = account.now() > session["created"] + LIFETIME
    if over:
        raise errors.Refusal(
            "This link has expired. Go back and open the portal again.", status=410
        )
    return session


ROUTES = [post("/billing_portal/sessions", create, CREATE)]
