"""Our copy of Stripe's products and prices. Only products whose metadata has `plan` are ours."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, contains_eager

from membership.billing import plans, stripe_api
from membership.billing.models import Price, Product
from membership.billing.stripe_objects import PriceData, ProductData
from membership.db import changed, db

KEY = "catalogue"


@dataclass(frozen=True)
class Catalogue:
    products: list[ProductData]
    prices: list[PriceData]


def read() -> Catalogue:
    """The whole lists, as Stripe has them."""
    api = stripe_api.client()
    return Catalogue(api.products(), api.prices())


def write(session: Session, catalogue: Catalogue) -> set[str]:
    """Make our copy the same; a product that is no longer ours goes out of sale, not away.

    Returns the ids of the products whose metadata, and so what they open, is another than before.
    """
    before = {known.stripe_id: known.meta for known in session.scalars(select(Product))}
    ours = {p.id for p in catalogue.products if p.metadata.get("plan")}
    for known in session.scalars(select(Product)):
        if known.stripe_id not in ours:
            known.active = False
    keep_products(session, catalogue.products)
    prices = [p for p in catalogue.prices if p.product_id in ours and p.unit_amount is not None]
    changed(session, delete(Price).where(Price.stripe_id.not_in([p.id for p in prices])))
    for price in prices:
        session.merge(_price(price))
    session.flush()
    return {p.id for p in catalogue.products if before.get(p.id) not in (None, p.metadata)}


def keep_products(session: Session, products: Iterable[ProductData]) -> None:
    """Copy those of these products that are ours."""
    for product in products:
        if product.metadata.get("plan"):
            session.merge(_product(product))
    session.flush()


def on_sale() -> Select[Price]:
    """Active prices with their active products: the oldest product first, its cheapest price."""
    return (
        select(Price)
        .join(Price.product)
        .options(contains_eager(Price.product))
        .where(Price.active, Product.active)
        .order_by(Product.created_at, Product.stripe_id, Price.unit_amount, Price.stripe_id)
    )


def plans_opening(feature: str) -> list[str]:
    """Names of the plans on sale that open this feature, subscriptions first."""
    prices = sorted(db.session.scalars(on_sale()), key=lambda price: price.interval is None)
    products = (price.product for price in prices)
    opening = (p.name for p in products if feature in plans.features(p.meta))
    return list(dict.fromkeys(opening))


def unknown_products(session: Session, ids: Iterable[str]) -> set[str]:
    """Those of these ids that we have no copy of: other people's, or newer than our copy."""
    wanted = set(ids)
    known = session.scalars(select(Product.stripe_id).where(Product.stripe_id.in_(wanted)))
    return wanted - set(known)


def _product(found: ProductData) -> Product:
    return Product(
        stripe_id=found.id,
        name=found.name,
        description=found.description,
        active=found.active,
        plan=found.metadata["plan"],
        marketing_features=found.marketing_features,
        meta=found.metadata,
        created_at=found.created,
    )


def _price(found: PriceData) -> Price:
    return Price(
        stripe_id=found.id,
        product_id=found.product_id,
        active=found.active,
        currency=found.currency,
        unit_amount=found.unit_amount,
        interval=found.interval,
        interval_count=found.interval_count,
    )
