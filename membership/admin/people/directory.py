"""Who has an account: by how they stand, or by how their address or name begins."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from membership.accounts.models import User
from membership.admin.people import keyset
from membership.billing.entitlements import ENDED, Source
from membership.billing.grants import live
from membership.billing.models import Checkout, Customer, Grant, Payment, Subscription
from membership.db import begins, db

UNPAID = ("past_due", "unpaid")


class Who(StrEnum):
    """Members by how they stand, as the owner asks for them."""

    EVERYONE = "everyone"
    PAYING = "paying"
    TRYING = "trying"
    OVERDUE = "overdue"
    LAPSED = "lapsed"
    GIVEN = "given"
    OWNERS = "owners"


@dataclass(frozen=True)
class Person:
    """One line of the list. `standing` is a word for what they pay, or what they have."""

    user_id: int
    email: str
    name: str | None
    since: datetime
    is_owner: bool
    disabled: bool
    standing: str


@dataclass(frozen=True)
class Found:
    """`after` is where the list goes on; with `more`, it does, but nobody looks that far."""

    people: Sequence[Person]
    after: str | None = None
    more: bool = False


def listed(who: Who, after: str | None, *, now: datetime) -> Found:
    """A page of them, the newest first: by when they joined, began to pay, were given something, or
    lost what they had. Raises keyset.NoSuchPlace."""
    rows, places = LISTS[who](now)
    page, onward = keyset.page(rows, places, after)
    return Found(_people([row[0] for row in page], now), onward)


def search(typed: str, *, now: datetime) -> Found:
    """Those whose address begins so, then those whose name does, in whatever case."""
    spellings = dict.fromkeys((typed.title(), typed, typed.lower()))
    by_name = [user for typed in spellings for user in _alphabetical(User.name, typed)]
    users = list(dict.fromkeys([*_alphabetical(User.email, typed.lower()), *by_name]))
    return Found(_people(users[: keyset.AT_ONCE], now), more=len(users) > keyset.AT_ONCE)


def whose(key: str) -> int | None:
    """The member something at Stripe is bound to: a customer, subscription, checkout or payment."""
    match key.partition("_")[0]:
        case "sub":
            row = db.session.get(Subscription, key)
            return _of_customer(row.customer_id) if row else None
        case "pi":
            payment = db.session.get(Payment, key)
            return _of_payer(payment.customer_id, payment.checkout_id) if payment else None
        case "cs":
            return _of_payer(None, key)
        case _:
            return _of_customer(key)


def _of_payer(customer_id: str | None, checkout_id: str | None) -> int | None:
    checkout = db.session.get(Checkout, checkout_id) if checkout_id else None
    customer_id = customer_id or (checkout.customer_id if checkout else None)
    if customer_id:
        return _of_customer(customer_id)
    return checkout.user_id if checkout else None


def _of_customer(customer_id: str) -> int | None:
    return db.session.scalar(select(Customer.user_id).where(Customer.stripe_id == customer_id))


def _alphabetical(column: InstrumentedAttribute[Any], beginning: str) -> Sequence[User]:
    """One beginning at a time: of several, the index would not say which comes first."""
    rows = select(User).where(begins(column, beginning)).order_by(column)
    return db.session.scalars(rows.limit(keyset.AT_ONCE + 1)).all()


# How each of the lists is read, and by which columns of an index it is ordered.

_List = tuple[Select[Any], Sequence[ColumnElement[Any]]]


def _everyone(_: datetime) -> _List:
    return select(User), (User.id.expression,)


def _owners(_: datetime) -> _List:
    return select(User).where(User.is_owner), (User.id.expression,)


def _subscribed(*statuses: str) -> Callable[[datetime], _List]:
    rows = (
        select(User)
        .select_from(Subscription)
        .join(Customer, Customer.stripe_id == Subscription.customer_id)
        .join(User, User.id == Customer.user_id)
        .where(Subscription.status.in_(statuses))
    )
    places = (Subscription.started_at.expression, Subscription.stripe_id.expression)
    return lambda _: (rows, places)


def _given(now: datetime) -> _List:
    rows = select(User).join(Grant, Grant.user_id == User.id)
    return rows.where(Grant.source == Source.COMP, live(now)), (Grant.id.expression,)


def _lapsed(now: datetime) -> _List:
    """Said once of each: by the last that ended of all that they had."""
    other = aliased(Grant)
    still = select(Grant.id).where(Grant.user_id == User.id, live(now)).correlate(User)
    later = select(other.id).where(
        other.user_id == User.id,
        or_(
            other.noticed_at > Grant.noticed_at,
            (other.noticed_at == Grant.noticed_at) & (other.id > Grant.id),
        ),
    )
    rows = (
        select(User)
        .select_from(Grant)
        .join(User, User.id == Grant.user_id)
        .where(Grant.noticed_at.is_not(None), ~still.exists(), ~later.exists())
    )
    return rows, (Grant.noticed_at.expression, Grant.id.expression)


LISTS: dict[Who, Callable[[datetime], _List]] = {
    Who.EVERYONE: _everyone,
    Who.PAYING: _subscribed("active"),
    Who.TRYING: _subscribed("trialing"),
    Who.OVERDUE: _subscribed(*UNPAID),
    Who.LAPSED: _lapsed,
    Who.GIVEN: _given,
    Who.OWNERS: _owners,
}


# What is said of each: three questions for a whole page.


def _people(users: Sequence[User], now: datetime) -> list[Person]:
    users = list(dict.fromkeys(users))  # who pays twice is listed once
    words = standings([user.id for user in users], now)
    return [
        Person(
            user_id=user.id,
            email=user.email,
            name=user.name,
            since=user.created_at,
            is_owner=user.is_owner,
            disabled=user.disabled_at is not None,
            standing=words[user.id],
        )
        for user in users
    ]


def standings(user_ids: Collection[int], now: datetime) -> dict[int, str]:
    """A word for each: how they pay, or what they have without paying now."""
    statuses: defaultdict[int, set[str]] = defaultdict(set)
    subscribed = (
        select(User.id, Subscription.status)
        .join(Customer, Customer.user_id == User.id)
        .join(Subscription, Subscription.customer_id == Customer.stripe_id)
        .where(User.id.in_(user_ids), Subscription.status.not_in(ENDED))
    )
    for user_id, status in db.session.execute(subscribed):
        statuses[user_id].add(status)
    granted = select(Grant.user_id, Grant.source).where(Grant.user_id.in_(user_ids)).distinct()
    had = {row.user_id for row in db.session.execute(granted)}
    opens: defaultdict[int, set[Source]] = defaultdict(set)
    for row in db.session.execute(granted.where(live(now))):
        opens[row.user_id].add(row.source)
    return {id_: _standing(statuses[id_], opens[id_], id_ in had) for id_ in user_ids}


def _standing(statuses: set[str], opens: set[Source], had: bool) -> str:
    if statuses.intersection(UNPAID):
        return "Overdue"
    if "active" in statuses:
        return "Paying"
    if "trialing" in statuses:
        return "Trying"
    if Source.PURCHASE in opens:
        return "Bought"
    if Source.COMP in opens:
        return "Given"
    return "Lapsed" if had else "Free"
