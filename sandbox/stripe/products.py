"""Products and prices."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Choice,
    Flag,
    Integer,
    Many,
    Metadata,
    Nested,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.routes import Params, delete, get, index, post

INTERVALS = ("day", "month", "week", "year")
INTERVAL = Choice(INTERVALS, required=True)
TAX_BEHAVIORS = choice("exclusive", "inclusive", "unspecified")

PRODUCT: Table = {
    "active": Flag(),
    "description": Text(40_000),
    "images": Many(Text(2048), most=8),
    "marketing_features": Many(Nested({"name": Text(80, required=True)}), most=15),
    "metadata": Metadata(),
    "shippable": Flag(),
    "statement_descriptor": Text(22),
    "tax_code": Text(),
    "unit_label": Text(12),
    "url": Text(2048),
}
CREATE_PRODUCT: Table = {
    **PRODUCT,
    "id": Text(255),
    "name": Text(250, required=True),
    "default_price_data": Nested(
        {
            "currency": Text(3, required=True),
            "metadata": Metadata(),
            "recurring": Nested({"interval": INTERVAL, "interval_count": Integer(1, 1095)}),
            "tax_behavior": TAX_BEHAVIORS,
            "unit_amount": Integer(required=True),
        }
    ),
}
UPDATE_PRODUCT: Table = {**PRODUCT, "name": Text(250), "default_price": Text()}
RECURRING = Nested(
    {
        "interval": INTERVAL,
        "interval_count": Integer(1, 1095),
        "trial_period_days": Integer(1, 730),
        "usage_type": choice("licensed"),
    }
)
UPDATE_PRICE: Table = {
    "active": Flag(),
    "lookup_key": Text(200),
    "metadata": Metadata(),
    "nickname": Text(),
    "tax_behavior": TAX_BEHAVIORS,
    "transfer_lookup_key": Flag(),
}
CREATE_PRICE: Table = {
    **UPDATE_PRICE,
    "billing_scheme": choice("per_unit"),
    "currency": Text(3, required=True),
    "product": Text(),
    "product_data": Nested(
        {
            "active": Flag(),
            "id": Text(255),
            "metadata": Metadata(),
            "name": Text(250, required=True),
            "statement_descriptor": Text(22),
            "unit_label": Text(12),
        }
    ),
    "recurring": RECURRING,
    "unit_amount": Integer(required=True),
}


def create_product(account: Account, params: Params) -> Document:
    default_price = params.pop("default_price_data", None)
    wanted = params.get("id")
    if wanted and account.find("product", wanted):
        raise errors.Refusal("Product already exists.", code="resource_already_exists", param="id")
    product = account.save(_product(account, params))
    account.emit("product.created", product)
    if default_price:
        price = create_price(account, {**default_price, "product": product["id"]})
        product["default_price"] = price["id"]
        account.save(product)
    return product


def _product(account: Account, params: Params) -> Document:
    now = account.now()
    return {
        "id": params.get("id") or ids.new("prod"),
        "object": "product",
        "active": params.get("active", True),
        "created": now,
        "default_price": None,
        "description": params.get("description"),
        "images": params.get("images") or [],
        "livemode": False,
        "marketing_features": params.get("marketing_features") or [],
        "metadata": merged({}, params.get("metadata")),
        "name": params["name"],
        "package_dimensions": None,
        "shippable": params.get("shippable"),
        "statement_descriptor": params.get("statement_descriptor"),
        "tax_code": params.get("tax_code"),
        "type": "service",
        "unit_label": params.get("unit_label"),
        "updated": now,
        "url": params.get("url"),
    }


def retrieve_product(account: Account, _params: Params, product_id: str) -> Document:
    return account.get("product", product_id)


def update_product(account: Account, params: Params, product_id: str) -> Document:
    before = account.get("product", product_id)
    if params.get("default_price"):
        price = account.get("price", params["default_price"], param="default_price")
        if price["product"] != product_id:
            raise errors.invalid("The default price belongs to another product.", "default_price")
    product = _updated(before, params, lists_=("images", "marketing_features"))
    product["updated"] = account.now()
    account.save(product)
    account.emit("product.updated", product, before)
    return product


def delete_product(account: Account, _params: Params, product_id: str) -> Document:
    product = account.get("product", product_id)
    if account.all("price", product=product_id):
        raise errors.Refusal(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    gone = account.save({"id": product_id, "object": "product", "deleted": True})
    account.emit("product.deleted", product)
    return gone


def list_products(account: Account, params: Params) -> Document:
    found = [p for p in account.all("product") if _wanted(p, params)]
    return lists.page("/v1/products", found, params)


def create_price(account: Account, params: Params) -> Document:
    if bool(params.get("product")) == bool(params.get("product_data")):
        raise errors.Refusal("You must specify either `product` or `product_data`.")
    if params.get("product"):
        account.get("product", params["product"], param="product")
    _take_lookup_key(account, params)
    product_id = params.get("product") or create_product(account, params["product_data"])["id"]
    price = account.save(_price(account, params, product_id))
    account.emit("price.created", price)
    return price


def _price(account: Account, params: Params, product_id: str) -> Document:
    recurring: dict[str, Any] | None = params.get("recurring")
    return {
        "id": ids.new("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "per_unit",
        "created": account.now(),
        "currency": currency_code(params["currency"]),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.get("lookup_key"),
        "metadata": merged({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": product_id,
        "recurring": recurring
        and {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count") or 1,
            "meter": None,
            "trial_period_days": recurring.get("trial_period_days"),
            "usage_type": "licensed",
        },
        "tax_behavior": params.get("tax_behavior") or "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": params["unit_amount"],
        "unit_amount_decimal": str(params["unit_amount"]),
    }


def currency_code(code: str) -> str:
    """A currency in small letters."""
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise errors.invalid(f"Invalid currency: {code.lower()}.", "currency")
    return code.lower()


def _take_lookup_key(account: Account, params: Params, price_id: str | None = None) -> None:
    """A lookup key names one price; it moves only when that is asked for."""
    transfer = params.pop("transfer_lookup_key", None)
    key = params.get("lookup_key")
    for holder in account.all("price", lookup_key=key) if key else []:
        if holder["id"] == price_id:
            continue
        if not transfer:
            raise errors.invalid(
                f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key"
            )
        account.save({**holder, "lookup_key": None})


def retrieve_price(account: Account, _params: Params, price_id: str) -> Document:
    return account.get("price", price_id)


def update_price(account: Account, params: Params, price_id: str) -> Document:
    before = account.get("price", price_id)
    _take_lookup_key(account, params, price_id)
    price = account.save(_updated(before, params))
    account.emit("price.updated", price, before)
    return price


def list_prices(account: Account, params: Params) -> Document:
    keys = params.get("lookup_keys")
    recurring = params.get("recurring") or {}
    found = [
        price
        for price in account.all("price")
        if _wanted(price, params)
        and (not keys or price["lookup_key"] in keys)
        and all((price["recurring"] or {}).get(name) == v for name, v in recurring.items())
    ]
    return lists.page("/v1/prices", found, params)


def _wanted(document: Document, params: Params) -> bool:
    return (
        all(
            document[name] == params[name]
            for name in ("active", "product", "type", "currency", "url", "shippable")
            if name in params
        )
        and within(params.get("created"), document["created"])
        and ("ids" not in params or document["id"] in params["ids"])
    )


def _updated(before: Document, params: Params, lists_: tuple[str, ...] = ()) -> Document:
    after = {**before, **params}
    if "metadata" in params:
        after["metadata"] = merged(before["metadata"], params["metadata"])
    for name in lists_:
        after[name] = after[name] or []
    return after


ROUTES = [
    post("/products", create_product, CREATE_PRODUCT),
    index(
        "/products",
        list_products,
        {
            "active": Flag(),
            "created": Span(),
            "ids": Many(Text()),
            "shippable": Flag(),
            "url": Text(),
        },
    ),
    get("/products/<product_id>", retrieve_product),
    post("/products/<product_id>", update_product, UPDATE_PRODUCT),
    delete("/products/<product_id>", delete_product),
    post("/prices", create_price, CREATE_PRICE),
    index(
        "/prices",
        list_prices,
        {
            "active": Flag(),
            "created": Span(),
            "currency": Text(3),
            "lookup_keys": Many(Text(), most=10),
            "product": Text(),
            "recurring": Nested({"interval": Choice(INTERVALS), "usage_type": choice("licensed")}),
            "type": choice("one_time", "recurring"),
        },
    ),
    get("/prices/<price_id>", retrieve_price),
    post("/prices/<price_id>", update_price, UPDATE_PRICE),
]
