"""Payment links: an address that anybody may open, each time for a Checkout Session of its own."""

import re
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import checkout, checkout_lines, checkout_terms, errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import Flag, Integer, Nested, Table, Text, choice, merged
from sandbox.stripe.routes import Params, get, index, post

REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,200}")
AFTER_COMPLETION = Nested(
    {
        "hosted_confirmation": Nested({"custom_message": Text(500)}),
        "redirect": Nested({"url": Text(2048, required=True)}),
        "type": choice("hosted_confirmation", "redirect", required=True),
    }
)
WRITE: Table = {
    **checkout_terms.SHARED,
    "after_completion": AFTER_COMPLETION,
    "inactive_message": Text(500),
    "restrictions": Nested({"completed_sessions": Nested({"limit": Integer(1)}, required=True)}),
    "subscription_data": Nested(checkout_terms.SUBSCRIPTION_DATA),
}
CHANGEABLE = (
    "after_completion",
    "allow_promotion_codes",
    "billing_address_collection",
    "customer_creation",
    "inactive_message",
    "metadata",
    "payment_method_collection",
    "restrictions",
    "submit_type",
)
LINES = "payment_link.line_items"  # what to sell, as it was asked for
DATA = ("payment_intent_data", "subscription_data")  # what the link itself shows, made whole
HANDED_ON = (
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "consent_collection",
    "customer_creation",
    "metadata",
    "payment_method_collection",
    "submit_type",
    *DATA,
)


class Inactive(Exception):
    """The link sells nothing any more. `str()` is what the visitor is told."""


def create(account: Account, params: Params) -> Document:
    mode = _mode(account, params["line_items"])
    checkout_terms.refuse_contradictions({**params, "mode": mode})
    lines = checkout_lines.asked(account, params["line_items"], mode)
    id_ = ids.new("plink")
    blank = _blank(account, id_, mode, lines[0]["currency"])
    link = account.save(_written(blank, params))
    account.store.put(LINES, id_, {"mode": mode, "asked": params})
    account.emit("payment_link.created", link)
    return link


def _mode(account: Account, given: list[dict[str, Any]] | None) -> str:
    """A link is for a subscription as soon as one of its prices recurs."""
    prices = [
        account.get("price", line["price"], param=f"line_items[{place}][price]")
        for place, line in enumerate(given or [])
    ]
    recurs = any(price["type"] == "recurring" for price in prices)
    return "subscription" if recurs else "payment"


def _blank(account: Account, id_: str, mode: str, currency: str) -> Document:
    return {
        "id": id_,
        "object": "payment_link",
        "active": True,
        "after_completion": {
            "hosted_confirmation": {"custom_message": None},
            "type": "hosted_confirmation",
        },
        "allow_promotion_codes": False,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer_creation": "always" if mode == "subscription" else "if_required",
        "inactive_message": None,
        "invoice_creation": None if mode == "subscription" else checkout.NO_INVOICE,
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always" if mode == "subscription" else "if_required",
        "payment_method_types": None,
        "phone_number_collection": {"enabled": False},
        "restrictions": None,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": f"{account.public_url}/link/{id_}",
    }


def _written(before: Document, params: Params) -> Document:
    plain = (
        "active",
        "allow_promotion_codes",
        "billing_address_collection",
        "customer_creation",
        "payment_method_collection",
        "submit_type",
    )
    given = {name: params[name] for name in plain if params.get(name) is not None}
    after = {**before, **given}
    if "inactive_message" in params:
        after["inactive_message"] = params["inactive_message"]
    after["metadata"] = merged(before["metadata"], params.get("metadata", {}))
    if params.get("after_completion"):
        after["after_completion"] = _after_completion(params["after_completion"])
    if "restrictions" in params:
        after["restrictions"] = _restrictions(before, params["restrictions"])
    if params.get("automatic_tax"):
        enabled = params["automatic_tax"]["enabled"]
        liability = {"type": "self"} if enabled else None
        after["automatic_tax"] = {"enabled": enabled, "liability": liability}
    if params.get("consent_collection"):
        asked = params["consent_collection"].get("terms_of_service")
        after["consent_collection"] = {
            "payment_method_reuse_agreement": None,
            "promotions": "none",
            "terms_of_service": asked,
        }
    return {**after, **_data(params)}


def _after_completion(given: dict[str, Any]) -> Document:
    if given["type"] == "redirect":
        url = (given.get("redirect") or {}).get("url")
        if not url:
            raise errors.missing("after_completion[redirect][url]")
        checkout_terms.refuse_non_url(url, "after_completion[redirect][url]")
        return {"redirect": {"url": url}, "type": "redirect"}
    message = (given.get("hosted_confirmation") or {}).get("custom_message")
    return {
        "hosted_confirmation": {"custom_message": message},
        "type": "hosted_confirmation",
    }


def _restrictions(before: Document, given: dict[str, Any] | None) -> Document | None:
    if not given:
        return None
    count = ((before["restrictions"] or {}).get("completed_sessions") or {}).get("count", 0)
    return {"completed_sessions": {"count": count, "limit": given["completed_sessions"]["limit"]}}


def _data(params: Params) -> dict[str, Any]:
    """What the sessions' subscriptions or payments will carry, as the link shows it."""
    shown: dict[str, Any] = {}
    if params.get("payment_intent_data"):
        given = params["payment_intent_data"]
        shown["payment_intent_data"] = {
            "capture_method": None,
            "description": given.get("description"),
            "metadata": merged({}, given.get("metadata")),
            "setup_future_usage": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "transfer_group": None,
        }
    if params.get("subscription_data"):
        given = params["subscription_data"]
        shown["subscription_data"] = {
            "description": given.get("description"),
            "invoice_settings": {"issuer": {"type": "self"}},
            "metadata": merged({}, given.get("metadata")),
            "trial_period_days": given.get("trial_period_days"),
            "trial_settings": given.get("trial_settings"),
        }
    return shown


def opened(
    account: Account,
    link_id: str,
    *,
    reference: str | None = None,
    email: str | None = None,
    code: str | None = None,
) -> Document:
    """The fresh session of somebody who opens a link. Raises Inactive.

    A reference that is no word of letters, digits, - and _ is dropped silently, as Stripe does.
    """
    with account.store.lock:
        link = account.get("payment_link", link_id)
        if not link["active"] or _sold_out(link):
            raise Inactive(link["inactive_message"] or "This link is not active any more.")
        kept = account.store.get(LINES, link_id) or {}
        params = {name: kept["asked"][name] for name in HANDED_ON if name in kept["asked"]}
        params["metadata"] = link["metadata"]
        session = checkout.create(account, {**params, **_sold(link, kept)})
        session |= {
            "client_reference_id": reference if REFERENCE.fullmatch(reference or "") else None,
            "payment_link": link_id,
        }
        here = f"{account.public_url}/pay/{session['id']}"  # it says thank you
        session["success_url"] = session["success_url"] or here
        checkout.prefill(account, account.save(session), email=email, code=code)
        return session


def _sold(link: Document, kept: Document) -> Params:
    after = link["after_completion"]
    redirects = after["type"] == "redirect"
    return {
        "line_items": kept["asked"]["line_items"],
        "mode": kept["mode"],
        "success_url": after["redirect"]["url"] if redirects else None,
    }


def _sold_out(link: Document) -> bool:
    if not link["restrictions"]:
        return False
    completed = link["restrictions"]["completed_sessions"]
    return bool(completed["count"] >= completed["limit"])


def completed(account: Account, link_id: str) -> None:
    """Count a completed session where that is limited."""
    link = account.get("payment_link", link_id)
    if link["restrictions"]:
        link["restrictions"]["completed_sessions"]["count"] += 1
        account.save(link)


def retrieve(account: Account, _params: Params, link_id: str) -> Document:
    return account.get("payment_link", link_id)


def update(account: Account, params: Params, link_id: str) -> Document:
    before = account.get("payment_link", link_id)
    link = account.save(_written(before, params))
    kept = account.store.get(LINES, link_id) or {}
    account.store.put(LINES, link_id, {**kept, "asked": {**kept["asked"], **params}})
    account.emit("payment_link.updated", link, before)
    return link


def list_(account: Account, params: Params) -> Document:
    active = params.get("active")
    return lists.newest(
        account,
        "payment_link",
        "/v1/payment_links",
        params,
        lambda link: active in (None, link["active"]),
    )


def line_items(account: Account, link: Document) -> Document:
    kept = account.store.get(LINES, link["id"]) or {}
    lines = checkout_lines.asked(account, kept["asked"]["line_items"], kept["mode"])
    return lists.whole(f"/v1/payment_links/{link['id']}/line_items", lines)


def list_lines(account: Account, params: Params, link_id: str) -> Document:
    found = line_items(account, account.get("payment_link", link_id))
    return lists.page(found["url"], list(reversed(found["data"])), params)


ROUTES = [
    post("/payment_links", create, WRITE),
    index("/payment_links", list_, {"active": Flag()}),
    get("/payment_links/<link_id>", retrieve),
    post(
        "/payment_links/<link_id>",
        update,
        {"active": Flag(), **{name: WRITE[name] for name in CHANGEABLE}},
    ),
    index("/payment_links/<link_id>/line_items", list_lines),
]
