"""How what a member bought stands, in the words of their account page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.billing import facts, outlook
from membership.billing.dates import day
from membership.billing.entitlements import NEVER_BEGAN
from membership.billing.grants import live
from membership.billing.models import Checkout, Customer, Grant, Payment, Product, Subscription

FOR_GOOD = datetime.max.replace(tzinfo=UTC)
Bought = Subscription | Checkout


def open_until(session: Session, source_ref: str, *, now: datetime) -> datetime | None:
    """Until when this opens something; None when it opens nothing."""
    opens = select(Grant.ends_at).where(Grant.source_ref == source_ref, live(now))
    return max((end or FOR_GOOD for end in session.scalars(opens)), default=None)


def open_features(session: Session, user_id: int, *, now: datetime) -> set[str]:
    opens = select(Grant.feature).where(Grant.user_id == user_id, live(now))
    return set(session.scalars(opens))


def unpaid_since(row: Subscription) -> datetime:
    """Of an overdue one: the start of the oldest period that is not paid for."""
    return row.oldest_open_invoice_start or row.period_start


def owner_of(session: Session, bought: Bought) -> int | None:
    """The member whose this is now."""
    if isinstance(bought, Checkout) and bought.customer_id is None:
        return bought.user_id
    customer = session.get(Customer, bought.customer_id)
    return customer.user_id if customer else None


def bought_with(session: Session, payment: Payment) -> Bought | None:
    """What this payment paid for."""
    if payment.subscription_id:
        return session.get(Subscription, payment.subscription_id)
    return session.get(Checkout, payment.checkout_id) if payment.checkout_id else None


def source_of(session: Session, grant: Grant) -> Bought | None:
    """What opened it; None for a gift."""
    ref = grant.source_ref
    return session.get(Subscription, ref) or session.get(Checkout, ref)


def all_bought(session: Session, payer: Customer | Checkout) -> Sequence[Bought]:
    """Everything of one payer, the newest first."""
    if isinstance(payer, Checkout):
        return [payer]
    subscribed = select(Subscription).where(
        Subscription.customer_id == payer.stripe_id, Subscription.status.not_in(NEVER_BEGAN)
    )
    once = select(Checkout).where(
        Checkout.customer_id == payer.stripe_id, Checkout.mode == "payment"
    )
    return [
        *session.scalars(subscribed.order_by(Subscription.started_at.desc())),
        *session.scalars(once.order_by(Checkout.created_at.desc())),
    ]


def name_of(session: Session, product_ids: Iterable[str]) -> str:
    """What was bought, as Stripe calls it."""
    found = [session.get(Product, product_id) for product_id in product_ids]
    return ", ".join(product.name for product in found if product) or "What you bought"


def lines_of(session: Session, bought: Bought, *, now: datetime) -> list[tuple[str, str]]:
    """For each thing: its name, and until when it is open or what comes of it."""
    until = open_until(session, bought.stripe_id, now=now)
    if isinstance(bought, Checkout):
        return [
            (
                name_of(session, [one.product_id]),
                outlook.of_purchase(one, is_open=until is not None),
            )
            for one in facts.of_purchases(session, [bought])
        ]
    return [(name_of(session, bought.product_ids), _of_subscription(session, bought, until))]


def _of_subscription(session: Session, row: Subscription, until: datetime | None) -> str:
    if until and row.status == "active" and not (row.cancel_at or row.collection_paused):
        return f"Open until {day(row.period_end)}, when it renews."
    about = facts.of_subscription(session, row)
    return outlook.of_subscription(
        about, trial_end=row.trial_end, open_until=until, policy=facts.policy()
    ).words
