"""The plans on sale, as one person sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from membership import config
from membership.billing import catalogue, holdings, plans, trials
from membership.billing.models import Price, Product
from membership.db import db


@dataclass(frozen=True)
class PlanPrice:
    """`current` is the price they pay now, `chosen` the one they were about to pay.

    `every` is "month" or "year" where the plan has both, so that one of them is shown at a time;
    `tax_added`: Stripe's page may add tax to the amount.
    """

    id: str
    amount: str
    period: str
    words: str
    recurring: bool
    saved: str | None
    trial_days: int | None
    access_days: int | None
    tax_added: bool
    every: str | None
    current: bool
    chosen: bool
    button: str


@dataclass(frozen=True)
class Plan:
    """`badge` is what its owner marked it with; `missing` the points that it lacks and others have,
    where the plans share some of their points, so that they can be compared."""

    name: str
    plan: str
    description: str | None
    badge: str | None
    features: list[str]
    missing: list[str]
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
    found = _compared(found)
    return sorted(found, key=lambda plan: not _recurs(plan))


def every(plans: Iterable[Plan], wanted: str | None) -> str | None:
    """Which of "month" and "year" is shown first: that of what they chose or have, else what is
    asked for; None where no plan has both."""
    prices = [price for plan in plans for price in plan.prices if price.every]
    if not prices:
        return None
    theirs = [p.every for p in prices if p.chosen] + [p.every for p in prices if p.current]
    return next(iter(theirs), "year" if wanted == "year" else "month")


def _recurs(plan: Plan) -> bool:
    return any(price.recurring for price in plan.prices)


def _compared(found: list[Plan]) -> list[Plan]:
    """Subscriptions that share a point have the same list of points, each with what it lacks."""
    lists = [plan.features for plan in found if _recurs(plan)]
    points = list(dict.fromkeys(point for points in lists for point in points))
    shared = {point for point in points if sum(point in points for points in lists) > 1}
    return [
        replace(plan, missing=[point for point in points if point not in plan.features])
        if _recurs(plan) and shared.intersection(plan.features)
        else plan
        for plan in found
    ]


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
        badge=product.meta.get("badge"),
        features=product.marketing_features,
        missing=[],
        prices=[_plan_price(product, price, prices, view) for price in prices],
    )


def _plan_price(product: Product, price: Price, beside: Sequence[Price], view: _View) -> PlanPrice:
    offered = view.trials and price.interval is not None
    trial = plans.days(product.meta, "trial_days") if offered else None
    words = plans.price_in_words(price)
    saved = plans.saved_a_year(price, beside)
    switched = plans.switched(price, beside)
    return PlanPrice(
        id=price.stripe_id,
        amount=plans.amount(price.unit_amount, price.currency),
        period=plans.period(price.interval, price.interval_count),
        words=words,
        recurring=price.interval is not None,
        saved=plans.amount(saved, price.currency) if saved else None,
        trial_days=trial,
        access_days=plans.days(product.meta, "access_days"),
        tax_added=config.current().checkout_tax,
        every=price.interval if switched else None,
        current=price.stripe_id == view.current,
        chosen=price.stripe_id == view.chosen,
        button=f"Try {trial} days free" if trial else f"Continue to payment, {words}",
    )
