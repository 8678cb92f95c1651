"""Our grants against our own copies: whether every door is as the rules say.

Nothing here calls Stripe or writes. A page costs a few queries, however much is on it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from membership.billing import entitlements, facts
from membership.billing.entitlements import Held, Source
from membership.billing.models import Checkout, Customer, Grant, Payment, Product, Subscription
from membership.billing.repair.findings import Difference
from membership.db import db

AT_ONCE = 100
Open = set[tuple[int, str, str]]  # to whom, by what, which feature


def customers_after(cursor: str | None, *, now: datetime) -> tuple[list[Difference], str | None]:
    """What is wrong with the next customers that are somebody's; the id to go on from."""
    bound = select(Customer).where(
        Customer.user_id.is_not(None), Customer.stripe_id > (cursor or "")
    )
    page = db.session.scalars(bound.order_by(Customer.stripe_id).limit(AT_ONCE)).all()
    ids = [customer.stripe_id for customer in page]
    subscriptions = db.session.scalars(
        select(Subscription).where(Subscription.customer_id.in_(ids))
    ).all()
    once = select(Checkout).where(Checkout.customer_id.in_(ids), Checkout.mode == "payment")
    whose = {customer.stripe_id: customer.user_id or 0 for customer in page}
    keys = _wrong(subscriptions, db.session.scalars(once).all(), whose, now)
    return _differences(keys), ids[-1] if len(ids) == AT_ONCE else None


def guests_after(cursor: str | None, *, now: datetime) -> tuple[list[Difference], str | None]:
    """The same of what members bought as guests."""
    bought = select(Checkout).where(
        Checkout.user_id.is_not(None),
        Checkout.customer_id.is_(None),
        Checkout.mode == "payment",
        Checkout.stripe_id > (cursor or ""),
    )
    page = db.session.scalars(bought.order_by(Checkout.stripe_id).limit(AT_ONCE)).all()
    ids = [checkout.stripe_id for checkout in page]
    whose = {checkout.stripe_id: checkout.user_id or 0 for checkout in page}
    keys = _wrong([], page, whose, now)
    return _differences(keys), ids[-1] if len(ids) == AT_ONCE else None


def _wrong(
    subscriptions: Sequence[Subscription],
    checkouts: Sequence[Checkout],
    whose: dict[str, int],
    now: datetime,
) -> set[str]:
    """Keys of those whose doors are not as they should be."""
    payer = {row.stripe_id: row.customer_id for row in subscriptions}
    payer |= {row.stripe_id: row.customer_id or row.stripe_id for row in checkouts}
    # Held here while `facts` asks for them one by one: the session only borrows them.
    borrowed = _payments(subscriptions, checkouts), db.session.scalars(select(Product)).all()
    bought = Grant.source.in_((Source.SUBSCRIPTION, Source.PURCHASE))
    of_these = select(Grant).where(bought, Grant.source_ref.in_(payer))
    held = db.session.scalars(of_these).all()
    session = db.session()
    wanted = entitlements.wanted_grants(
        [facts.of_subscription(session, row) for row in subscriptions],
        facts.of_purchases(session, checkouts),
        policy=facts.policy(),
        held={(g.source_ref, g.feature): Held(g.ends_at, g.revoked_at) for g in held},
        now=now,
    )
    del borrowed
    should_be: Open = {
        (whose[payer[want.source_ref]], want.source_ref, want.feature)
        for want in wanted
        if want.revoked_at is None
        and want.starts_at <= now
        and (want.ends_at is None or want.ends_at > now)
    }
    is_open: Open = {(g.user_id, g.source_ref, g.feature) for g in held if _is_live(g, now)}
    return {payer[source_ref] for _, source_ref, _ in should_be ^ is_open}


def _is_live(grant: Grant, now: datetime) -> bool:
    ended = grant.revoked_at is not None or (grant.ends_at is not None and grant.ends_at <= now)
    return grant.starts_at <= now and not ended


def _payments(
    subscriptions: Sequence[Subscription], checkouts: Sequence[Checkout]
) -> Sequence[Payment]:
    intents = [row.latest_payment for row in subscriptions]
    intents += [row.payment_intent for row in checkouts]
    wanted = {intent for intent in intents if intent}
    return db.session.scalars(select(Payment).where(Payment.payment_intent.in_(wanted))).all()


def _differences(keys: set[str]) -> list[Difference]:
    return [Difference(key, "the doors are not as the rules say") for key in sorted(keys)]
