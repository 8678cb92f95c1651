"""What is for sale: at Stripe, and in our copy of it."""

from sqlalchemy import select

from membership.billing.models import Price, Product
from membership.billing.stripe_objects import PriceData, ProductData
from membership.db import db
from membership.doctor.findings import Check, Said, broken, look, well
from membership.doctor.visit import Visit


def _plans(visit: Visit) -> Said:
    products, prices = visit.stripe.on_sale()
    ours = [each for each in products if each.metadata.get("plan")]
    others = [each for each in products if each not in ours]
    return (
        _nothing_for_sale(ours)
        or _misnamed(others)
        or _without_price(ours, prices)
        or _copied_long_ago(ours, prices)
        or well(f"{len(ours)} for sale{_left_alone(others)}.")
    )


def _nothing_for_sale(ours: list[ProductData]) -> Said | None:
    if ours:
        return None
    return broken(
        "No active product at Stripe has `plan` in its metadata.",
        "In Stripe's dashboard add the metadata `plan` to each product you sell here: "
        "docs/stripe.md, step 2. Then flask billing catalogue.",
    )


def _misnamed(others: list[ProductData]) -> Said | None:
    """`Plan`, `plans`, or `plan` with nothing in it: somebody meant well."""
    meant = [p for p in others if any(k.strip().lower() in ("plan", "plans") for k in p.metadata)]
    if not meant:
        return None
    return look(
        f"{_names(meant)}: the metadata must be `plan`, in small letters, with a word in it.",
        "Mend it in Stripe's dashboard, or take it away if the product is not for this site.",
    )


def _without_price(ours: list[ProductData], prices: list[PriceData]) -> Said | None:
    priced = {each.product_id for each in prices if each.unit_amount is not None}
    bare = [each for each in ours if each.id not in priced]
    if not bare:
        return None
    return look(
        f"{_names(bare)}: no active price with one fixed amount.",
        "Add a price in Stripe's dashboard, or archive the product.",
    )


def _copied_long_ago(ours: list[ProductData], prices: list[PriceData]) -> Said | None:
    ids = {each.id for each in ours}
    there = {p.id for p in prices if p.product_id in ids and p.unit_amount is not None}
    for_sale = select(Price.stripe_id).join(Price.product).where(Price.active, Product.active)
    if set(db.session.scalars(for_sale)) == there:
        return None
    return look("What /plans shows is not what Stripe has.", "Run flask billing catalogue.")


def _left_alone(others: list[ProductData]) -> str:
    return f"; {len(others)} other products have no `plan` and are left alone" if others else ""


def _names(products: list[ProductData]) -> str:
    return ", ".join(f"{each.name} ({each.id})" for each in products)


NEEDS = ("stripe", "database", "migrations")
CHECKS = (Check("plans", "What is not for sale nobody can buy.", _plans, NEEDS),)
