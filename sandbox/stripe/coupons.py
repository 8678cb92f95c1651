"""Coupons: what is taken off, for how long, and how often."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Integer,
    Many,
    Metadata,
    Nested,
    Number,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.products import currency_code
from sandbox.stripe.routes import Params, delete, get, index, post

PRODUCTS = "coupon.applies_to"  # kept beside the coupon, which shows it only when expanded
CREATE: Table = {
    "amount_off": Integer(1),
    "applies_to": Nested({"products": Many(Text())}),
    "currency": Text(3),
    "duration": choice("forever", "once", "repeating"),
    "duration_in_months": Integer(1, 60),
    "id": Text(200),
    "max_redemptions": Integer(1),
    "metadata": Metadata(),
    "name": Text(40),
    "percent_off": Number(0, 100),
    "redeem_by": Integer(),
}


def create(account: Account, params: Params) -> Document:
    _refuse_contradictions(account, params)
    id_ = params.get("id") or ids.letters(8)
    if account.find("coupon", id_):
        raise errors.Refusal("Coupon already exists.", code="resource_already_exists", param="id")
    products = (params.get("applies_to") or {}).get("products") or []
    for place, product in enumerate(products):
        account.get("product", product, param=f"applies_to[products][{place}]")
    if products:
        account.store.put(PRODUCTS, id_, {"products": products})
    coupon = account.save(_coupon(account, params, id_))
    account.emit("coupon.created", coupon)
    return coupon


def _refuse_contradictions(account: Account, params: Params) -> None:
    if bool(params.get("percent_off")) == bool(params.get("amount_off")):
        raise errors.Refusal("You must pass either `percent_off` or `amount_off`, and not both.")
    if params.get("amount_off") and not params.get("currency"):
        raise errors.missing("currency")
    repeats = params.get("duration") == "repeating"
    if repeats and not params.get("duration_in_months"):
        raise errors.missing("duration_in_months")
    if params.get("duration_in_months") and not repeats:
        raise errors.invalid(
            "`duration_in_months` can only be used when `duration` is `repeating`.",
            "duration_in_months",
        )
    if params.get("redeem_by") and params["redeem_by"] <= account.now():
        raise errors.invalid("The `redeem_by` timestamp must be in the future.", "redeem_by")


def _coupon(account: Account, params: Params, id_: str) -> Document:
    currency = params.get("currency")
    return {
        "id": id_,
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": account.now(),
        "currency": currency_code(currency) if currency else None,
        "duration": params.get("duration") or "once",
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged({}, params.get("metadata")),
        "name": params.get("name"),
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }


def now(account: Account, coupon: Document) -> Document:
    """A coupon as it is at this moment: the clock and its last redemption make it invalid."""
    over = coupon["redeem_by"] is not None and account.now() >= coupon["redeem_by"]
    limit = coupon["max_redemptions"]
    spent = limit is not None and coupon["times_redeemed"] >= limit
    return {**coupon, "valid": not (over or spent or coupon.get("deleted"))}


def redeemed(account: Account, coupon_id: str) -> None:
    """Count one more use. It may have been deleted since it was put on the checkout."""
    coupon = account.find("coupon", coupon_id)
    if coupon:
        account.save(now(account, {**coupon, "times_redeemed": coupon["times_redeemed"] + 1}))


def products(account: Account, coupon_id: str) -> list[str]:
    """The products it is for; none means all of them."""
    kept = account.store.get(PRODUCTS, coupon_id)
    return list(kept["products"]) if kept else []


def taken_off(account: Account, coupon: Document, lines: Iterable[tuple[str, int]]) -> list[int]:
    """What a coupon takes off each line, a product and an amount in minor units."""
    only = products(account, coupon["id"])
    due = [max(amount, 0) if not only or product in only else 0 for product, amount in lines]
    if coupon["percent_off"] is not None:
        share = Decimal(str(coupon["percent_off"])) / 100
        return [int((amount * share).quantize(Decimal(1), ROUND_HALF_UP)) for amount in due]
    return _spread(min(coupon["amount_off"], sum(due)), due)


def _spread(amount: int, due: Sequence[int]) -> list[int]:
    """An amount over lines in proportion, to the last cent."""
    parts, left, of = [], amount, sum(due)
    for each in due:
        part = left * each // of if of else 0
        parts.append(part)
        left, of = left - part, of - each
    return parts


def discount(
    account: Account, lines: Sequence[Document], discounts: Sequence[Document]
) -> list[list[dict[str, Any]]]:
    """What Discounts take off an invoice's lines, one after the other.

    For each line, Stripe's `discount_amounts`: `[{"amount": 500, "discount": "di_…"}]`.
    """
    left = [line["amount"] for line in lines]
    amounts: list[list[dict[str, Any]]] = [[] for _ in lines]
    for each in discounts:
        coupon = account.find("coupon", each["source"]["coupon"])
        if coupon is None:
            continue
        goods = [line["pricing"]["price_details"]["product"] for line in lines]
        open_ = [
            amount if line["discountable"] else 0 for line, amount in zip(lines, left, strict=True)
        ]
        off = taken_off(account, coupon, zip(goods, open_, strict=True))
        for place, amount in enumerate(off):
            left[place] -= amount
            if amount:
                amounts[place].append({"amount": amount, "discount": each["id"]})
    return amounts


def retrieve(account: Account, _params: Params, coupon_id: str) -> Document:
    return now(account, account.get("coupon", coupon_id))


def update(account: Account, params: Params, coupon_id: str) -> Document:
    before = account.get("coupon", coupon_id)
    coupon = {**before, "name": params.get("name", before["name"])}
    if "metadata" in params:
        coupon["metadata"] = merged(before["metadata"], params["metadata"])
    account.save(coupon)
    account.emit("coupon.updated", coupon, before)
    return now(account, coupon)


def remove(account: Account, _params: Params, coupon_id: str) -> Document:
    """Nobody can redeem it any more; who has, keeps what it gives."""
    coupon = account.get("coupon", coupon_id)
    account.save({**coupon, "deleted": True, "valid": False})
    account.emit("coupon.deleted", coupon)
    return {"id": coupon_id, "object": "coupon", "deleted": True}


def list_(account: Account, params: Params) -> Document:
    found = [
        now(account, coupon)
        for coupon in account.all("coupon")
        if within(params.get("created"), coupon["created"])
    ]
    return lists.page("/v1/coupons", found, params)


ROUTES = [
    post("/coupons", create, CREATE),
    index("/coupons", list_, {"created": Span()}),
    get("/coupons/<coupon_id>", retrieve),
    post("/coupons/<coupon_id>", update, {"metadata": Metadata(), "name": Text(40)}),
    delete("/coupons/<coupon_id>", remove),
]
