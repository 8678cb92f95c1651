"""Promotion codes: the words people type to redeem a coupon, and when they are refused."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import coupons, errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.money import amount as told
from sandbox.stripe.params import (
    Flag,
    Integer,
    Metadata,
    Nested,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.products import currency_code
from sandbox.stripe.routes import Params, get, index, post

CREATE: Table = {
    "active": Flag(),
    "code": Text(500),
    "customer": Text(),
    "expires_at": Integer(),
    "max_redemptions": Integer(1),
    "metadata": Metadata(),
    "promotion": Nested(
        {"coupon": Text(required=True), "type": choice("coupon", required=True)}, required=True
    ),
    "restrictions": Nested(
        {
            "first_time_transaction": Flag(),
            "minimum_amount": Integer(1),
            "minimum_amount_currency": Text(3),
        }
    ),
}


class NotForThis(Exception):
    """The code does not count here. `str()` is what the payer is told."""


def create(account: Account, params: Params) -> Document:
    coupon_id = params["promotion"]["coupon"]
    coupon = account.get("coupon", coupon_id, param="promotion[coupon]")
    if not coupons.now(account, coupon)["valid"]:
        raise errors.invalid("This coupon is not valid any more.", "promotion[coupon]")
    if params.get("customer"):
        account.get("customer", params["customer"], param="customer")
    if params.get("expires_at") and params["expires_at"] <= account.now():
        raise errors.invalid("The `expires_at` timestamp must be in the future.", "expires_at")
    code = params.get("code") or ids.letters(8).upper()
    if params.get("active", True):
        _refuse_twin(account, code)
    document = account.save(_promotion_code(account, params, code))
    account.emit("promotion_code.created", document)
    return document


def _refuse_twin(account: Account, code: str) -> None:
    if named(account, code):
        raise errors.Refusal(
            f"An active promotion code with `code: {code}` already exists.",
            code="resource_already_exists",
            param="code",
        )


def _promotion_code(account: Account, params: Params, code: str) -> Document:
    return {
        "id": ids.new("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": code,
        "created": account.now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged({}, params.get("metadata")),
        "promotion": {"coupon": params["promotion"]["coupon"], "type": "coupon"},
        "restrictions": _restrictions(params.get("restrictions") or {}),
        "times_redeemed": 0,
    }


def _restrictions(given: dict[str, Any]) -> dict[str, Any]:
    least, currency = given.get("minimum_amount"), given.get("minimum_amount_currency")
    if bool(least) != bool(currency):
        absent = "minimum_amount" if currency else "minimum_amount_currency"
        raise errors.missing(f"restrictions[{absent}]")
    return {
        "first_time_transaction": bool(given.get("first_time_transaction")),
        "minimum_amount": least,
        "minimum_amount_currency": currency_code(currency) if currency else None,
    }


def named(account: Account, code: str) -> Document | None:
    """The active promotion code with these letters, large or small."""
    for document in account.all("promotion_code"):
        if document["code"].lower() == code.lower() and now(account, document)["active"]:
            return document
    return None


def now(account: Account, document: Document) -> Document:
    """A promotion code as it is at this moment: used up, out of date or without its coupon,
    it is not active."""
    limit, end = document["max_redemptions"], document["expires_at"]
    over = end is not None and account.now() >= end
    spent = limit is not None and document["times_redeemed"] >= limit
    coupon = account.find("coupon", document["promotion"]["coupon"])
    valid = coupon is not None and coupons.now(account, coupon)["valid"]
    return {**document, "active": document["active"] and valid and not over and not spent}


def refuse(
    account: Account, document: Document, *, customer: str | None, amount: int, currency: str
) -> None:
    """Raises NotForThis when this payer cannot use it for this amount."""
    restrictions = document["restrictions"]
    if not now(account, document)["active"]:
        raise NotForThis("This code has expired.")
    if document["customer"] not in (None, customer):
        raise NotForThis("This code is invalid.")
    if restrictions["first_time_transaction"] and (not customer or _has_paid(account, customer)):
        raise NotForThis("This code is for a first payment only.")
    least = restrictions["minimum_amount"]
    if least and (restrictions["minimum_amount_currency"] != currency or amount < least):
        needed = told(least, restrictions["minimum_amount_currency"])
        raise NotForThis(f"This code needs an order of at least {needed}.")


def _has_paid(account: Account, customer: str) -> bool:
    return bool(account.all("charge", customer=customer, status="succeeded"))


def redeemed(account: Account, promotion_code_id: str) -> None:
    document = account.get("promotion_code", promotion_code_id)
    document["times_redeemed"] += 1
    account.save(now(account, document))


def retrieve(account: Account, _params: Params, promotion_code_id: str) -> Document:
    return now(account, account.get("promotion_code", promotion_code_id))


def update(account: Account, params: Params, promotion_code_id: str) -> Document:
    before = account.get("promotion_code", promotion_code_id)
    after = {**before}
    if params.get("active") is not None:
        if params["active"] and not before["active"]:
            _refuse_twin(account, before["code"])
        after["active"] = params["active"]
    if "metadata" in params:
        after["metadata"] = merged(before["metadata"], params["metadata"])
    account.save(after)
    account.emit("promotion_code.updated", after, before)
    return now(account, after)


def list_(account: Account, params: Params) -> Document:
    def wanted(document: Document) -> bool:
        return (
            all(
                params.get(name) in (None, document[name])
                for name in ("active", "code", "customer")
            )
            and params.get("coupon") in (None, document["promotion"]["coupon"])
            and within(params.get("created"), document["created"])
        )

    found = [now(account, document) for document in account.all("promotion_code")]
    return lists.page("/v1/promotion_codes", [each for each in found if wanted(each)], params)


ROUTES = [
    post("/promotion_codes", create, CREATE),
    index(
        "/promotion_codes",
        list_,
        {
            "active": Flag(),
            "code": Text(),
            "coupon": Text(),
            "created": Span(),
            "customer": Text(),
        },
    ),
    get("/promotion_codes/<promotion_code_id>", retrieve),
    post(
        "/promotion_codes/<promotion_code_id>",
        update,
        {"active": Flag(), "metadata": Metadata()},
    ),
]
