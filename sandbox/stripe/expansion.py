"""`expand[]=…`: an id becomes its object, and a list that is only shown on demand appears."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors, payment_links
from sandbox.stripe.account import Account
from sandbox.stripe.lists import whole

DEEPEST = 4

# Fields that hold an id, and the kind of object it is an id of.
REFERENCES = {
    "charge": "charge",
    "configuration": "billing_portal.configuration",
    "coupon": "coupon",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "default_price": "price",
    "discount": "discount",
    "discounts": "discount",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "payment_link": "payment_link",
    "payment_method": "payment_method",
    "product": "product",
    "promotion_code": "promotion_code",
    "subscription": "subscription",
    "test_clock": "test_helpers.test_clock",
}


def _subscriptions(account: Account, customer: Document) -> Document:
    found = account.all("subscription", customer=customer["id"])
    live = [s for s in reversed(found) if s["status"] not in ("canceled", "incomplete_expired")]
    return whole(f"/v1/customers/{customer['id']}/subscriptions", live)


def _line_items(account: Account, session: Document) -> Document:
    kept = account.store.get("checkout.line_items", session["id"])
    return whole(f"/v1/checkout/sessions/{session['id']}/line_items", kept["data"] if kept else [])


def _payments(account: Account, invoice: Document) -> Document:
    return whole("/v1/invoice_payments", account.all("invoice_payment", invoice=invoice["id"]))


def _confirmation_secret(account: Account, invoice: Document) -> Document | None:
    """What a page of the shop's own would pay an open invoice with."""
    links = account.all("invoice_payment", invoice=invoice["id"], status="open")
    if not links:
        return None
    intent = account.get("payment_intent", links[-1]["payment"]["payment_intent"])
    return {"client_secret": intent["client_secret"], "type": "payment_intent"}


def _refunds(account: Account, charge: Document) -> Document:
    found = account.all("refund", charge=charge["id"])
    return whole(f"/v1/charges/{charge['id']}/refunds", list(reversed(found)))


def _applies_to(account: Account, coupon: Document) -> Document | None:
    return account.store.get("coupon.applies_to", coupon["id"])


# Fields that are there only when asked for, by the object they belong to.
ON_DEMAND: Mapping[tuple[str, str], Callable[[Account, Document], Document | None]] = {
    ("customer", "subscriptions"): _subscriptions,
    ("checkout.session", "line_items"): _line_items,
    ("coupon", "applies_to"): _applies_to,
    ("payment_link", "line_items"): payment_links.line_items,
    ("invoice", "confirmation_secret"): _confirmation_secret,
    ("invoice", "payments"): _payments,
    ("charge", "refunds"): _refunds,
}


def expanded(account: Account, answer: Document, paths: list[str] | None) -> Document:
    for path in paths or []:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise errors.invalid(
                f"You cannot expand more than {DEEPEST} levels of a property: {path}", "expand"
            )
        _expand(account, answer, steps, path)
    return answer


def _expand(account: Account, holder: Any, steps: list[str], path: str) -> None:
    if holder is None:
        return
    if isinstance(holder, list):
        for each in holder:
            _expand(account, each, steps, path)
        return
    if not isinstance(holder, dict) or holder.get("deleted"):
        return
    name, *rest = steps
    kind = holder.get("object", "")
    if (kind, name) in ON_DEMAND and name not in holder:
        holder[name] = ON_DEMAND[kind, name](account, holder)
    elif name not in holder:
        raise _cannot(name, path)
    if isinstance(holder[name], str):
        holder[name] = _object(account, name, holder[name], path)
    elif isinstance(holder[name], list):
        holder[name] = [
            _object(account, name, each, path) if isinstance(each, str) else each
            for each in holder[name]
        ]
    elif not rest and not isinstance(holder[name], dict | list | None):
        raise _cannot(name, path)
    if rest:
        _expand(account, holder[name], rest, path)


def _object(account: Account, name: str, id_: str, path: str) -> Document:
    kind = REFERENCES.get(name)
    found = account.find(kind, id_) if kind else None
    if found is None:
        raise _cannot(name, path)
    return found


def _cannot(name: str, path: str) -> errors.Refusal:
    return errors.invalid(f"This property cannot be expanded ({name}): {path}.", "expand")
