"""The example plans of a small publication. Seeding twice changes nothing."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import products
from sandbox.stripe.account import Account

MEMBERSHIP = "prod_Membership"
GUIDE = "prod_FieldGuide"
PRODUCTS: tuple[dict[str, Any], ...] = (
    {
        "id": MEMBERSHIP,
        "name": "Membership",
        "description": "Every essay and its notes, from the day it is finished.",
        "marketing_features": [
            {"name": "All essays, including the archive"},
            {"name": "The workshop notes behind each of them"},
            {"name": "Cancel whenever you like"},
        ],
        "metadata": {"plan": "member", "features": "premium"},
    },
    {
        "id": GUIDE,
        "name": "The Field Guide",
        "description": "Our handbook for slow observers, and everything else, for a month.",
        "marketing_features": [
            {"name": "The whole guide"},
            {"name": "Every members’ essay and its notes"},
        ],
        "metadata": {"plan": "guide", "features": "guide,premium", "access_days": "30"},
    },
)
PRICES: tuple[dict[str, Any], ...] = (
    {"lookup_key": "monthly", "product": MEMBERSHIP, "unit_amount": 500, "interval": "month"},
    {"lookup_key": "yearly", "product": MEMBERSHIP, "unit_amount": 5000, "interval": "year"},
    {"lookup_key": "guide", "product": GUIDE, "unit_amount": 2900, "interval": None},
)


def seed(account: Account) -> dict[str, Document]:
    """Prices by lookup key: monthly, yearly, guide."""
    with account.store.lock:
        for product in PRODUCTS:
            if not account.find("product", product["id"]):
                products.create_product(account, dict(product))
        return {price["lookup_key"]: _price(account, price) for price in PRICES}


def _price(account: Account, wanted: dict[str, Any]) -> Document:
    for price in account.all("price", lookup_key=wanted["lookup_key"]):
        return price
    interval = wanted["interval"]
    params = {
        "currency": "eur",
        "lookup_key": wanted["lookup_key"],
        "product": wanted["product"],
        "unit_amount": wanted["unit_amount"],
        **({"recurring": {"interval": interval}} if interval else {}),
    }
    return products.create_price(account, params)
