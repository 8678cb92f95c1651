"""What a Checkout Session is for, and what that costs when everything is taken off."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import coupons, discounts, errors, promotion_codes
from sandbox.stripe.account import Account
from sandbox.stripe.promotion_codes import NotForThis
from sandbox.stripe.routes import Params

KIND = "checkout.line_items"  # kept beside the session: events never carry them


def of(account: Account, session_id: str) -> list[Document]:
    kept = account.store.get(KIND, session_id)
    return list(kept["data"]) if kept else []


def keep(account: Account, session_id: str, lines: list[Document]) -> None:
    account.store.put(KIND, session_id, {"data": lines})


def asked(account: Account, given: list[dict[str, Any]] | None, mode: str) -> list[Document]:
    """The lines of a session that is asked for, or Stripe's refusal of them."""
    lines = [_priced(account, line, place) for place, line in enumerate(given or [])]
    if not lines:
        raise errors.missing("line_items")
    if len({line["currency"] for line in lines}) > 1:
        raise errors.Refusal("All prices on a Checkout Session must have the same currency.")
    _refuse_wrong_mode(mode, [line["price"]["type"] == "recurring" for line in lines])
    return lines


def _priced(account: Account, given: dict[str, Any], place: int) -> Document:
    param = f"line_items[{place}][price]"
    price = account.get("price", given["price"], param=param)
    product = account.get("product", price["product"], param=param)
    if not price["active"]:
        raise errors.invalid(
            "The price specified is inactive. This field only accepts active prices.", param
        )
    if not product["active"]:
        raise errors.invalid(
            f"The product {product['id']} is marked as inactive, and thus no new "
            "subscriptions or purchases can be created to its prices.",
            param,
        )
    if given.get("quantity") is None:
        name = f"line_items[{place}][quantity]"
        raise errors.invalid(f"Quantity is required. Add `quantity` to `line_items[{place}]`", name)
    return _line(price, product, given["quantity"])


def _line(price: Document, product: Document, quantity: int) -> Document:
    total = price["unit_amount"] * quantity
    return {
        "id": ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": product["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def _refuse_wrong_mode(mode: str, recurring: list[bool]) -> None:
    subscribes = mode == "subscription"
    if subscribes and not any(recurring):
        raise errors.invalid(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            "line_items",
        )
    if subscribes and not all(recurring):
        raise errors.invalid(
            "This sandbox takes no one-off prices beside recurring ones.", "line_items"
        )
    if not subscribes and any(recurring):
        raise errors.invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            "mode",
        )


def chosen(account: Account, params: Params, lines: list[Document]) -> list[dict[str, str | None]]:
    """A session's `discounts`, out of the parameters it is made with."""
    found = []
    for place, given in enumerate(params.get("discounts") or []):
        coupon, code = given.get("coupon"), given.get("promotion_code")
        if bool(coupon) == bool(code):
            raise errors.Refusal(
                "You must specify exactly one of `coupon` and `promotion_code`.",
                param=f"discounts[{place}]",
            )
        kind = "promotion_code" if code else "coupon"
        name = f"discounts[{place}][{kind}]"
        document = account.get(kind, code or coupon or "", param=name)
        each = {"coupon": coupon, "promotion_code": code}
        try:
            if code:
                _refuse_code(account, document, params.get("customer"), lines)
            _refuse_coupon(account, each, lines)
        except NotForThis as refused:
            raise errors.invalid(str(refused), name) from refused
        found.append(each)
    return found


def typed(
    account: Account, session: Document, lines: list[Document], code: str
) -> list[dict[str, str | None]]:
    """A session's `discounts` with the code somebody typed on its page. Raises NotForThis."""
    document = promotion_codes.named(account, code)
    if document is None:
        raise NotForThis("This code is invalid.")
    _refuse_code(account, document, session["customer"], lines)
    each = {"coupon": None, "promotion_code": document["id"]}
    _refuse_coupon(account, each, lines)
    return [each]


def _refuse_code(
    account: Account, document: Document, customer: str | None, lines: list[Document]
) -> None:
    amount = sum(line["amount_subtotal"] for line in lines)
    promotion_codes.refuse(
        account, document, customer=customer, amount=amount, currency=lines[0]["currency"]
    )


def _refuse_coupon(account: Account, each: dict[str, str | None], lines: list[Document]) -> None:
    coupon = discounts.coupon_of(account, each)
    if coupon is None or not coupons.now(account, coupon)["valid"]:
        raise NotForThis("This coupon has expired.")
    if coupon["currency"] not in (None, lines[0]["currency"]):
        raise NotForThis("This code is for another currency.")
    goods = coupons.products(account, coupon["id"])
    if goods and not any(line["price"]["product"] in goods for line in lines):
        raise NotForThis("This code is not for what is in this order.")


def totals(
    account: Account,
    session: Document,
    lines: list[Document],
    each: list[dict[str, str | None]],
    *,
    trial: bool,
) -> tuple[Document, list[Document]]:
    """A session and its lines with these discounts taken off; neither is saved.

    A trial costs nothing today; its lines still say what will be due. There is never any tax: like
    a fresh account, the sandbox is registered nowhere.
    """
    after = [_full(line) for line in lines]
    for one in each:
        coupon = discounts.coupon_of(account, one)
        if coupon:
            goods = [(line["price"]["product"], line["amount_total"]) for line in after]
            for line, amount in zip(after, coupons.taken_off(account, coupon, goods), strict=True):
                line["amount_discount"] += amount
                line["amount_total"] -= amount
    due = [] if trial else after
    changes = {
        "amount_subtotal": sum(line["amount_subtotal"] for line in due),
        "amount_total": sum(line["amount_total"] for line in due),
        "discounts": each,
        "total_details": {
            "amount_discount": sum(line["amount_discount"] for line in due),
            "amount_shipping": 0,
            "amount_tax": 0,
        },
    }
    return {**session, **changes}, after


def _full(line: Document) -> Document:
    return {**line, "amount_discount": 0, "amount_total": line["amount_subtotal"]}
