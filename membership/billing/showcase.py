"""The plans on sale, as one person sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from membership.billing import catalogue, holdings, plans, trials
from membership.billing.models import Price, Product
from membership.db import db


@dataclass(frozen=True)
class PlanPrice:
    """`current` is the price they pay now, `chosen` the one they were about to pay."""

    id: str
    amount: str
    period: str
    words: str
    recurring: bool
    saved: str | None
    trial_days: int | None
    access_days: int | None
    current: bool
    chosen: bool
    button: str


@dataclass(frozen=True)
class Plan:
    name: str
    plan: str
    description: str | None
    features: list[str]
    prices: list[PlanPrice]


def plans_for(user_id: int | None, *, chosen: str | None = None) -> list[Plan]:
    """Every product on sale with its active prices: subscriptions first, then by age."""
    mine = holdings.live_subscription(user_id) if user_id else None
    view = _View(
        current=mine.price_id if mine else None,
        chosen=chosen,
        trials=not (user_id and trials.had_trial(user_id)),
    )
    rows = db.session.scalars(catalogue.on_sale()).all()
    products = {price.product_id: price.product for price in rows}
    found = [
        _plan(product, [p for p in rows if p.product_id == product_id], view)
        for product_id, product in products.items()
    ]
    return sorted(found, key=lambda plan: not any(price.recurring for price in plan.prices))


@dataclass(frozen=True)
class _View:
    """Who looks: the price they have, the one they had chosen, and whether a trial is still
    theirs to take."""

    current: str | None
    chosen: str | None
    trials: bool


def _plan(product: Product, prices: Sequence[Price], view: _View) -> Plan:
    return Plan(
        name=product.name,
        plan=product.plan,
        description=product.description,
        features=product.marketing_features,
        prices=[_plan_price(product, price, prices, view) for price in prices],
    )


def _plan_price(product: Product, price: Price, beside: Iterable[Price], view: _View) -> PlanPrice:
    offered = view.trials and price.interval is not None
    trial = plans.days(product.meta, "trial_days") if offered else None
    words = plans.price_in_words(price)
    saved = plans.saved_a_year(price, beside)
    return PlanPrice(
        id=price.stripe_id,
        amount=plans.amount(price.unit_amount, price.currency),
        period=plans.period(price.interval, price.interval_count),
        words=words,
        recurring=price.interval is not None,
        saved=plans.amount(saved, price.currency) if saved else None,
        trial_days=trial,
        access_days=plans.days(product.meta, "access_days"),
        current=price.stripe_id == view.current,
        chosen=price.stripe_id == view.chosen,
        button=f"Try {trial} days free" if trial else f"Continue to payment, {words}",
    )
