"""What somebody bought and paid, put in words for the owner: by customer, or by a guest's Checkout
Session."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from membership.accounts.models import User
from membership.billing import plans, tombstones
from membership.billing.entitlements import TAKEN
from membership.billing.models import (
    Checkout,
    Customer,
    Match,
    Payment,
    Price,
    Product,
    Subscription,
)


@dataclass(frozen=True)
class Bought:
    """A subscription, or a one-off. `price` may be unknown; `status` is Stripe's word."""

    id: str
    name: str
    price: str
    status: str
    at: datetime
    renews: bool


@dataclass(frozen=True)
class Paid:
    """One charge that succeeded; `left`, in minor units, has not been given back."""

    payment_intent: str
    amount: str
    at: datetime
    left: int
    left_in_words: str
    refunded: str | None
    taken: bool  # by the payer's bank, in a dispute


@dataclass(frozen=True)
class Payer:
    """Both the newest first."""

    bought: Sequence[Bought]
    paid: Sequence[Paid]


@dataclass(frozen=True)
class Whose:
    """Whose a payer is. `by` says how that is known; with no `member`, that the owner said no."""

    key: str
    email: str | None
    user_id: int | None
    member: str | None
    by: Match | None


def whose(session: Session, key: str) -> Whose | None:
    """Of a customer ("cus_…") or a Checkout Session ("cs_…"), which may stand for its customer;
    None when nothing of ours was bought, or whoever bought it has left."""
    checkout = session.get(Checkout, key)
    payer: Customer | Checkout | None = checkout
    if checkout is None or checkout.customer_id:
        payer = session.get(Customer, checkout.customer_id if checkout else key)
    if payer is None or tombstones.stands(session, payer.stripe_id):
        return None
    user = session.get(User, payer.user_id) if payer.user_id is not None else None
    return Whose(
        payer.stripe_id, payer.email, payer.user_id, user.email if user else None, payer.bound_by
    )


def read(session: Session, keys: Collection[str]) -> dict[str, Payer]:
    """For each of these keys ("cus_…", "cs_…"). As many queries for one as for a hundred."""
    subscriptions = session.scalars(
        select(Subscription).where(Subscription.customer_id.in_(keys))
    ).all()
    checkouts = session.scalars(
        select(Checkout).where(
            or_(Checkout.customer_id.in_(keys), Checkout.stripe_id.in_(keys)),
            Checkout.mode == "payment",
            Checkout.status == "complete",
        )
    ).all()
    payments = session.scalars(
        select(Payment)
        .where(or_(Payment.customer_id.in_(keys), Payment.checkout_id.in_(keys)))
        .order_by(Payment.paid_at.desc(), Payment.payment_intent)
    ).all()
    shelf = _Shelf(session, [*subscriptions, *checkouts])
    lines: list[tuple[str, Bought]] = [
        *((row.customer_id, shelf.subscription(row)) for row in subscriptions),
        *((row.customer_id or row.stripe_id, shelf.purchase(row)) for row in checkouts),
    ]
    lines.sort(key=lambda line: (line[1].at, line[1].id), reverse=True)
    return {
        key: Payer(
            bought=[bought for whose, bought in lines if whose == key],
            paid=[paid(row) for row in payments if key in (row.customer_id, row.checkout_id)],
        )
        for key in keys
    }


def subscriptions(session: Session, ids: Collection[str]) -> dict[str, Bought]:
    """These, by their ids."""
    rows = session.scalars(select(Subscription).where(Subscription.stripe_id.in_(ids))).all()
    shelf = _Shelf(session, rows)
    return {row.stripe_id: shelf.subscription(row) for row in rows}


def paid(row: Payment) -> Paid:
    left = row.amount - row.amount_refunded
    return Paid(
        payment_intent=row.payment_intent,
        amount=plans.amount(row.amount, row.currency),
        at=row.paid_at,
        left=left,
        left_in_words=plans.amount(left, row.currency),
        refunded=plans.amount(row.amount_refunded, row.currency) if row.amount_refunded else None,
        taken=row.dispute_status in TAKEN,
    )


class _Shelf:
    """Names and prices of what was bought."""

    def __init__(self, session: Session, rows: Iterable[Subscription | Checkout]) -> None:
        rows = list(rows)
        product_ids = {id_ for row in rows for id_ in row.product_ids}
        wanted = select(Product.stripe_id, Product.name).where(Product.stripe_id.in_(product_ids))
        self._names = {row.stripe_id: row.name for row in session.execute(wanted)}
        prices = select(Price).where(Price.stripe_id.in_({row.price_id for row in rows}))
        self._prices = {row.stripe_id: row for row in session.scalars(prices)}

    def subscription(self, row: Subscription) -> Bought:
        return self._bought(row, "Subscription", row.status, row.started_at, renews=True)

    def purchase(self, row: Checkout) -> Bought:
        at = row.paid_at or row.created_at
        return self._bought(row, "One purchase", row.payment_status, at, renews=False)

    def _bought(
        self, row: Subscription | Checkout, unnamed: str, status: str, at: datetime, *, renews: bool
    ) -> Bought:
        names = [self._names[id_] for id_ in row.product_ids if id_ in self._names]
        price = self._prices.get(row.price_id)
        return Bought(
            id=row.stripe_id,
            name=", ".join(names) or unnamed,
            price=plans.price_in_words(price) if price else "",
            status=status,
            at=at,
            renews=renews,
        )
