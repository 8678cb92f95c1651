"""Payment links: an address that anybody may open, each time for a Checkout Session of its own."""

import re
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import checkout, checkout_lines, checkout_terms, lists, payment_link_documents
from sandbox.stripe.account import Account
from sandbox.stripe.params import Flag, Integer, Nested, Table, Text, choice
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
    blank = payment_link_documents.blank(account.public_url, id_, mode, lines[0]["currency"])
    link = account.save(payment_link_documents.written(blank, params))
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
    link = account.save(payment_link_documents.written(before, params))
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
