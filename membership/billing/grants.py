"""Write the ledger: make the grants of one customer, or of one purchase, what they should be."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, String, and_, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership import journal
from membership.accounts.models import User
from membership.billing import entitlements, facts, reader_facts
from membership.billing.entitlements import Held, Source, Wanted
from membership.billing.models import Checkout, Customer, Grant, Subscription
from membership.newsletter import subscribers
from membership.newsletter.models import Standing


def recompute_customer(session: Session, customer: Customer, *, now: datetime) -> None:
    """Grants of this customer's subscriptions and purchases; nobody else's are touched."""
    if customer.user_id is None:
        return
    subscriptions = session.scalars(
        select(Subscription).where(Subscription.customer_id == customer.stripe_id)
    ).all()
    checkouts = session.scalars(
        select(Checkout).where(
            Checkout.customer_id == customer.stripe_id, Checkout.mode == "payment"
        )
    ).all()
    _recompute(session, customer.user_id, subscriptions, checkouts, now)


def recompute_holders(session: Session, product_ids: Iterable[str], *, now: datetime) -> None:
    """What these products open has changed: so have the grants of everybody who has one."""
    wanted = list(product_ids)
    subscribed = select(Subscription.customer_id).where(_has_one(Subscription.product_ids, wanted))
    bought = _has_one(Checkout.product_ids, wanted)
    holders = select(Customer).where(
        or_(
            Customer.stripe_id.in_(subscribed),
            Customer.stripe_id.in_(select(Checkout.customer_id).where(bought)),
        )
    )
    # Locked, in one order: the owner may be taking one from its member at this moment.
    for customer in session.scalars(holders.order_by(Customer.stripe_id).with_for_update()).all():
        recompute_customer(session, customer, now=now)
    guests = select(Checkout).where(bought, Checkout.customer_id.is_(None))
    for checkout in session.scalars(guests.order_by(Checkout.stripe_id).with_for_update()).all():
        recompute_checkout(session, checkout, now=now)


def recompute_checkout(session: Session, checkout: Checkout, *, now: datetime) -> None:
    """Grants of a one-off bought without a customer."""
    if checkout.user_id is not None and checkout.mode == "payment":
        _recompute(session, checkout.user_id, [], [checkout], now)


def revoke_customer(session: Session, customer: Customer, user_id: int, *, now: datetime) -> None:
    """Close at once what this customer's subscriptions and purchases opened to this member."""
    subscriptions = select(Subscription.stripe_id).where(
        Subscription.customer_id == customer.stripe_id
    )
    checkouts = select(Checkout.stripe_id).where(Checkout.customer_id == customer.stripe_id)
    refs = [*session.scalars(subscriptions), *session.scalars(checkouts)]
    _revoke_all(session, refs, user_id, now)


def revoke_checkout(session: Session, checkout: Checkout, user_id: int, *, now: datetime) -> None:
    """Close at once what a one-off bought without a customer opened to this member."""
    _revoke_all(session, [checkout.stripe_id], user_id, now)


def live(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """The SQL of "this grant opens doors now"."""
    return and_(
        Grant.starts_at <= now,
        or_(Grant.ends_at.is_(None), Grant.ends_at > now),
        Grant.revoked_at.is_(None),
    )


def _has_one(
    product_ids: InstrumentedAttribute[list[str]], wanted: Sequence[str]
) -> ColumnElement[bool]:
    # As text, which both databases can search; quoted, so that no id is found inside another.
    items = cast(product_ids, String)
    found = [items.contains(f'"{product_id}"', autoescape=True) for product_id in wanted]
    return or_(False, *found)


def _recompute(
    session: Session,
    user_id: int,
    subscriptions: Sequence[Subscription],
    checkouts: Sequence[Checkout],
    now: datetime,
) -> None:
    refs = [s.stripe_id for s in subscriptions] + [c.stripe_id for c in checkouts]
    held = {(grant.source_ref, grant.feature): grant for grant in session.scalars(_grants_of(refs))}
    wanted = entitlements.wanted_grants(
        [facts.of_subscription(session, row) for row in subscriptions],
        facts.of_purchases(session, checkouts),
        policy=facts.policy(),
        held={key: Held(grant.ends_at, grant.revoked_at) for key, grant in held.items()},
        now=now,
    )
    for want in wanted:
        _write(session, user_id, held.pop((want.source_ref, want.feature), None), want, now)
    for grant in held.values():  # the product opens less than it did
        _revoke(session, grant, "no longer part of the product", now)
    session.flush()
    tell_newsletter(session, user_id, now=now)


def tell_newsletter(session: Session, user_id: int, *, now: datetime) -> None:
    """Whether this reader pays decides which group they belong in, there with what they have."""
    # Locked: what two payments of one member open and close at once is counted one by one.
    user = session.get_one(User, user_id, with_for_update={"key_share": True})
    mine = session.scalars(select(Grant).where(Grant.user_id == user_id, live(now))).all()
    plan, renews_on = reader_facts.plan_and_renewal(session, mine)
    subscribers.set_membership(
        session,
        user.email,
        _standing(session, user_id, pays=bool(mine)),
        plan=plan,
        renews_on=renews_on,
        now=now,
    )


def _standing(session: Session, user_id: int, *, pays: bool) -> Standing:
    if pays:
        return Standing.PAID
    ever = select(Grant.id).where(Grant.user_id == user_id)
    return Standing.LAPSED if session.scalars(ever.limit(1)).first() else Standing.FREE


def _grants_of(refs: Sequence[str]) -> Select[Grant]:
    """Of these subscriptions and purchases; by source, too, because the index begins with it."""
    bought = Grant.source.in_((Source.SUBSCRIPTION, Source.PURCHASE))
    return select(Grant).where(bought, Grant.source_ref.in_(refs))


def _write(
    session: Session, user_id: int, grant: Grant | None, want: Wanted, now: datetime
) -> None:
    if grant is None:
        grant = Grant(
            user_id=user_id, feature=want.feature, source=want.source, source_ref=want.source_ref
        )
        session.add(grant)
    was = (grant.ends_at, grant.reason, grant.revoked_at)
    grant.user_id = user_id  # the owner may have given the payment to another member
    grant.starts_at, grant.ends_at, grant.reason = want.starts_at, want.ends_at, want.reason
    grant.revoked_at = want.revoked_at
    if want.revoked_at is None and (want.ends_at is None or want.ends_at > now):
        grant.noticed_at = None  # its end, when it comes, is news again
    if was != (grant.ends_at, grant.reason, grant.revoked_at) or grant.id is None:
        journal.record(
            session,
            "grant.revoked" if want.revoked_at else "grant.written",
            user_id=user_id,
            feature=want.feature,
            source_ref=want.source_ref,
            ends_at=want.ends_at.isoformat() if want.ends_at else None,
            reason=want.reason,
        )


def _revoke_all(session: Session, refs: Sequence[str], user_id: int, now: datetime) -> None:
    for grant in session.scalars(_grants_of(refs)).all():
        _revoke(session, grant, "no longer this member's payment", now)
    session.flush()
    tell_newsletter(session, user_id, now=now)


def _revoke(session: Session, grant: Grant, because: str, now: datetime) -> None:
    if grant.revoked_at is None:
        grant.revoked_at, grant.reason = now, because
        journal.record(
            session,
            "grant.revoked",
            user_id=grant.user_id,
            feature=grant.feature,
            source_ref=grant.source_ref,
            reason=because,
        )
