"""What a member has, and what comes of it next: rows put in words, for their account page and for
the page that tells them why a door is shut."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, or_, select

from membership import config
from membership.billing import catalogue, facts, holdings, outlook, plans
from membership.billing.dates import day
from membership.billing.entitlements import (
    GOING_ON,
    LEEWAY,
    OPENING,
    PurchaseFacts,
    Source,
    SubscriptionFacts,
    purchase_end,
)
from membership.billing.grants import live
from membership.billing.models import Checkout, Customer, Grant, Price, Product, Subscription
from membership.billing.outlook import Outlook, Remedy
from membership.db import db

FOR_GOOD = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class AccessLine:
    feature: str
    until: datetime | None
    because: str


@dataclass(frozen=True)
class SubscriptionLine:
    """`next` is what happens next; `remedy` what the member can do about it, if anything;
    `charge` what will be asked for then; `pays_with` "Visa ending 4242".

    `cancellable` and `changeable`, to another plan, are what Stripe's page would let them do;
    `ending`: an end is scheduled, and can be taken back.
    """

    id: str
    customer_id: str
    plan: str
    price: str
    features: frozenset[str]
    status: str
    cancellable: bool
    changeable: bool
    ending: bool
    next: str
    charge: str | None
    pays_with: str | None
    remedy: Remedy | None

    @property
    def overdue(self) -> bool:
        return self.status == "past_due"


@dataclass(frozen=True)
class PurchaseLine:
    plan: str
    paid_at: datetime
    features: frozenset[str]
    next: str


@dataclass(frozen=True)
class Portal:
    """One of the member's customers at Stripe. `paid_with` tells several apart."""

    customer_id: str
    paid_with: str | None


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


def subscriptions_of(user_id: int, now: datetime) -> list[SubscriptionLine]:
    """The newest first."""
    rows = db.session.scalars(
        holdings.subscriptions_of(user_id).order_by(
            Subscription.started_at.desc(), Subscription.stripe_id
        )
    ).all()
    ends = _open_ends(user_id, now)
    return [_subscription_line(row, ends.get(row.stripe_id)) for row in rows]


def purchases_of(user_id: int, now: datetime) -> list[PurchaseLine]:
    """The newest first."""
    customers = select(Customer.stripe_id).where(Customer.user_id == user_id)
    as_guest = and_(Checkout.user_id == user_id, Checkout.customer_id.is_(None))
    theirs = or_(as_guest, Checkout.customer_id.in_(customers))
    rows = db.session.scalars(
        select(Checkout)
        .where(theirs, Checkout.mode == "payment", Checkout.paid_at.is_not(None))
        .order_by(Checkout.paid_at.desc(), Checkout.stripe_id)
    ).all()
    ends = _open_ends(user_id, now)
    bought = facts.of_purchases(db.session(), rows)
    return [_purchase_line(one, is_open=_opens(one, ends, now)) for one in bought]


def portals_of(user_id: int) -> list[Portal]:
    """Of every customer of this member, the one we made first."""
    customers = holdings.customers_of(user_id)
    several = len(customers) > 1
    return [
        Portal(c.stripe_id, (c.email or "another address") if several else None) for c in customers
    ]


def lapse_of(user_id: int, feature: str, now: datetime) -> Outlook | None:
    """Why a feature that this member had, or is about to have, is shut to them now."""
    for line in subscriptions_of(user_id, now):
        if feature in line.features:
            return Outlook(line.next, line.remedy)
    for bought in purchases_of(user_id, now):
        if feature in bought.features:
            return Outlook(f"{bought.plan}: {bought.next}", Remedy.PLANS)
    return _gift_that_ended(user_id, feature, now)


def _gift_that_ended(user_id: int, feature: str, now: datetime) -> Outlook | None:
    gift = db.session.scalars(
        select(Grant)
        .where(
            Grant.user_id == user_id,
            Grant.feature == feature,
            Grant.source == Source.COMP,
            Grant.ends_at <= now,
        )
        .order_by(Grant.ends_at.desc())
        .limit(1)
    ).first()
    if gift is None or gift.ends_at is None:
        return None
    return Outlook(f"What you were given ended on {day(gift.ends_at)}.", Remedy.PLANS)


def _open_ends(user_id: int, now: datetime) -> dict[str, datetime]:
    """Until when each subscription or purchase of theirs opens something."""
    grants = db.session.scalars(select(Grant).where(Grant.user_id == user_id, live(now)))
    ends: dict[str, datetime] = {}
    for grant in grants:
        end = grant.ends_at or FOR_GOOD
        ends[grant.source_ref] = max(end, ends.get(grant.source_ref, end))
    return ends


def _subscription_line(row: Subscription, open_until: datetime | None) -> SubscriptionLine:
    session = db.session()
    about = facts.of_subscription(session, row)
    view = outlook.of_subscription(
        about, trial_end=row.trial_end, open_until=open_until, policy=facts.policy()
    )
    price, product = db.session.get(Price, row.price_id), _product(row.product_ids)
    goes_on = row.status in OPENING and row.cancel_at is None
    return SubscriptionLine(
        id=row.stripe_id,
        customer_id=row.customer_id,
        plan=product.name if product else "Subscription",
        price=plans.price_in_words(price) if price else "",
        features=about.features,
        status=row.status,
        cancellable=goes_on,
        changeable=goes_on and _other_plan(row),
        ending=row.status in OPENING and row.cancel_at is not None,
        next=view.words,
        charge=_next_charge(row, about, price) if price else None,
        pays_with=row.pays_with,
        remedy=view.remedy,
    )


def _next_charge(row: Subscription, about: SubscriptionFacts, price: Price) -> str | None:
    return outlook.next_charge(
        about,
        plans.amount(price.unit_amount, price.currency),
        discounted=row.discounted,
        taxed=config.current().checkout_tax,
    )


def _opens(bought: PurchaseFacts, ends: Mapping[str, datetime], now: datetime) -> bool:
    """What was bought beside it may be open for longer."""
    until = purchase_end(bought.paid_at, bought.access_days)
    return bought.session_id in ends and (until is None or until > now)


def _purchase_line(bought: PurchaseFacts, *, is_open: bool) -> PurchaseLine:
    name = db.session.get_one(Product, bought.product_id).name
    words = outlook.of_purchase(bought, is_open=is_open)
    return PurchaseLine(name, bought.paid_at, bought.features, words)


def _other_plan(row: Subscription) -> bool:
    """Whether there is another one on sale."""
    others = catalogue.on_sale().where(Price.interval.is_not(None), Price.stripe_id != row.price_id)
    return db.session.scalars(others.limit(1)).first() is not None


def _product(product_ids: Iterable[str]) -> Product | None:
    return next((db.session.get(Product, id_) for id_ in product_ids), None)


def _outlasts(one: Grant, other: Grant) -> bool:
    if one.ends_at is None or other.ends_at is None:
        return one.ends_at is None
    return one.ends_at > other.ends_at


def _shown_end(grant: Grant) -> datetime | None:
    """The leeway after a renewal's date is for late charges, not a promise to show."""
    renews = grant.source is Source.SUBSCRIPTION and grant.reason in GOING_ON
    return grant.ends_at - LEEWAY if grant.ends_at and renews else grant.ends_at


def _because(grant: Grant) -> str:
    return {"subscription": "Your subscription", "purchase": "Your purchase"}.get(
        grant.source, "A gift from us"
    )
