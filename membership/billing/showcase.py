"""What a member is shown of plans, subscriptions and purchases: rows put in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date
from sqlalchemy import select

from membership.billing import holdings, plans
from membership.billing.entitlements import LEEWAY, Source, grace_end, purchase_end
from membership.billing.grants import live
from membership.billing.models import Checkout, Customer, Grant, Price, Product, Subscription
from membership.db import db


@dataclass(frozen=True)
class PlanPrice:
    id: str
    amount: str
    period: str
    recurring: bool
    trial_days: int | None
    access_days: int | None
    current: bool
    button: str


@dataclass(frozen=True)
class Plan:
    name: str
    plan: str
    description: str | None
    features: list[str]
    prices: list[PlanPrice]


@dataclass(frozen=True)
class AccessLine:
    feature: str
    until: datetime | None
    because: str


@dataclass(frozen=True)
class SubscriptionLine:
    plan: str
    price: str
    state: str
    past_due: bool


@dataclass(frozen=True)
class PurchaseLine:
    plan: str
    paid_at: datetime
    until: datetime | None


def plans_for(user_id: int | None) -> list[Plan]:
    """Every product on sale with its active prices: subscriptions first, then by age."""
    mine = holdings.live_subscription(user_id) if user_id else None
    view = _View(
        current=mine.price_id if mine else None,
        trials=not (user_id and holdings.had_trial(user_id)),
    )
    rows = db.session.scalars(
        select(Price)
        .join(Price.product)
        .where(Price.active, Product.active)
        .order_by(Product.created_at, Product.stripe_id, Price.unit_amount)
    ).all()
    products = {price.product_id: price.product for price in rows}
    found = [
        _plan(product, [p for p in rows if p.product_id == product_id], view)
        for product_id, product in products.items()
    ]
    return sorted(found, key=lambda plan: not any(price.recurring for price in plan.prices))


def access_of(user_id: int, now: datetime) -> list[AccessLine]:
    """What this member may use now, each feature by the grant that lasts longest."""
    grants = db.session.scalars(select(Grant).where(Grant.user_id == user_id, live(now)))
    longest: dict[str, Grant] = {}
    for grant in grants:
        if grant.feature not in longest or _outlasts(grant, longest[grant.feature]):
            longest[grant.feature] = grant
    return [
        AccessLine(feature, _shown_end(grant), _because(grant))
        for feature, grant in sorted(longest.items())
    ]


def subscriptions_of(user_id: int, *, grace: timedelta) -> list[SubscriptionLine]:
    rows = db.session.scalars(
        select(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .where(Customer.user_id == user_id)
        .order_by(Subscription.started_at.desc())
    )
    return [_subscription_line(row, grace) for row in rows]


def purchases_of(user_id: int) -> list[PurchaseLine]:
    rows = db.session.scalars(
        select(Checkout)
        .where(
            Checkout.user_id == user_id, Checkout.mode == "payment", Checkout.paid_at.is_not(None)
        )
        .order_by(Checkout.paid_at.desc())
    )
    return [line for row in rows if (line := _purchase_line(row))]


@dataclass(frozen=True)
class _View:
    """Who looks: the price they have, and whether a trial is still theirs to take."""

    current: str | None
    trials: bool


def _plan(product: Product, prices: Iterable[Price], view: _View) -> Plan:
    return Plan(
        name=product.name,
        plan=product.plan,
        description=product.description,
        features=product.marketing_features,
        prices=[_plan_price(product, price, view) for price in prices],
    )


def _plan_price(product: Product, price: Price, view: _View) -> PlanPrice:
    offered = view.trials and price.interval is not None
    trial = plans.days(product.meta, "trial_days") if offered else None
    amount = plans.amount(price.unit_amount, price.currency)
    period = plans.period(price.interval, price.interval_count)
    words = f"{amount} {period}" if price.interval else amount
    return PlanPrice(
        id=price.stripe_id,
        amount=amount,
        period=period,
        recurring=price.interval is not None,
        trial_days=trial,
        access_days=plans.days(product.meta, "access_days"),
        current=price.stripe_id == view.current,
        button=f"Try {trial} days free" if trial else f"Continue to payment, {words}",
    )


def _outlasts(one: Grant, other: Grant) -> bool:
    if one.ends_at is None or other.ends_at is None:
        return one.ends_at is None
    return one.ends_at > other.ends_at


def _shown_end(grant: Grant) -> datetime | None:
    """The leeway after a renewal's date is for late charges, not a promise to show."""
    renews = grant.source is Source.SUBSCRIPTION and grant.reason in ("active", "trialing")
    return grant.ends_at - LEEWAY if grant.ends_at and renews else grant.ends_at


def _because(grant: Grant) -> str:
    return {"subscription": "Your subscription", "purchase": "Your purchase"}.get(
        grant.source, "A gift from us"
    )


def _subscription_line(row: Subscription, grace: timedelta) -> SubscriptionLine:
    price = db.session.get(Price, row.price_id)
    product = db.session.get(Product, row.product_ids[0]) if row.product_ids else None
    amount = ""
    if price:
        period = plans.period(price.interval, price.interval_count)
        amount = f"{plans.amount(price.unit_amount, price.currency)} {period}"
    return SubscriptionLine(
        plan=product.name if product else "Subscription",
        price=amount,
        state=_state(row, grace),
        past_due=row.status == "past_due",
    )


def _state(row: Subscription, grace: timedelta) -> str:
    """One sentence on what happens next."""
    if row.status in ("active", "trialing") and row.cancel_at:
        return f"Ends on {day(row.cancel_at)}."
    match row.status:
        case "active":
            return f"Renews on {day(row.period_end)}."
        case "trialing":
            return f"Free trial; the first payment is on {day(row.trial_end or row.period_end)}."
        case "past_due":
            until = grace_end(row.oldest_open_invoice_start, row.period_start, grace)
            return f"The last payment failed. Update your card to keep access after {day(until)}."
        case "canceled":
            return f"Ended on {day(row.ended_at or row.period_end)}."
        case "paused":
            return "Paused."
        case "unpaid" | "incomplete" | "incomplete_expired":
            return "Not paid."
        case other:
            return f"Stripe calls it {other}."


def _purchase_line(row: Checkout) -> PurchaseLine | None:
    product = db.session.get(Product, row.product_id) if row.product_id else None
    if product is None or row.paid_at is None:
        return None
    until = purchase_end(row.paid_at, plans.days(product.meta, "access_days"))
    return PurchaseLine(product.name, row.paid_at, until)


def day(moment: date) -> str:
    """21 November 2026, for a date or a time."""
    return format_date(moment, "d MMMM yyyy", locale="en")
