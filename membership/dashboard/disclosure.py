"""Everything that is known here about a member, and of nobody else: for their own eyes.

Left out are the digests by which we check passwords, sessions, codes and links: they say nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from membership.accounts import address_changes
from membership.accounts.address_changes import AddressChange
from membership.accounts.feed_keys import FeedKey
from membership.accounts.models import SignIn, User
from membership.billing.explain import sentences
from membership.billing.models import (
    Checkout,
    Customer,
    Grant,
    Invoice,
    Payment,
    Subscription,
    UnclaimedPayment,
)
from membership.db import Model
from membership.journal import Entry
from membership.newsletter import consents
from membership.newsletter.consents import Consent
from membership.newsletter.models import CodeSend, Subscriber
from membership.outbox import OutboxMessage

Row = dict[str, Any]
NOBODY = 0  # no account has this number
OF_READERS = ("newsletter", "consents", "claims", "codes", "mails")


@dataclass(frozen=True)
class Section:
    """Rows of one kind; `about` says in a sentence what they are. Times are UTC."""

    name: str
    about: str
    rows: list[Row]

    def plain(self) -> list[Row]:
        """The rows with their times written out, for machines."""
        return [{name: _plain(value) for name, value in row.items()} for row in self.rows]


@dataclass(frozen=True)
class _Person:
    """By what their rows are known: ids of theirs here and at Stripe, and their addresses."""

    user_id: int
    email: str
    moves: Sequence[AddressChange] | Sequence[Consent]
    customers: Sequence[str]
    sold: Sequence[str]


@dataclass(frozen=True)
class _Kind:
    name: str
    about: str
    columns: str
    theirs: Callable[[_Person], Select[Any]]


def everything(session: Session, user_id: int) -> list[Section]:
    """Of a member, in the order in which people ask."""
    kinds = [*KINDS, *current_app.extensions.get("disclosed", [])]
    return _sections(session, _person(session, user_id), kinds)


def tell(
    app: Flask, name: str, about: str, columns: str, whose: InstrumentedAttribute[int]
) -> None:
    """Of an area that stands beside this one: these columns of the rows whose `whose` is the
    member's id."""
    kind = _Kind(name, about, columns, lambda p: select(whose.class_).where(whose == p.user_id))
    app.extensions.setdefault("disclosed", []).append(kind)


def of_reader(session: Session, email: str) -> list[Section]:
    """The same of a reader who has no account: what is known of their address, and of one that they
    had before."""
    moves = [row for row in consents.of(session, email) if row.act is consents.Act.MOVED]
    person = _Person(NOBODY, email, moves, [], [])
    return _sections(session, person, [kind for kind in KINDS if kind.name in OF_READERS])


def _sections(session: Session, person: _Person, kinds: Iterable[_Kind]) -> list[Section]:
    found = [
        Section(kind.name, kind.about, _rows(session, kind.theirs(person), kind.columns))
        for kind in kinds
    ]
    return [*found, Section("history", "What happened, and from where.", _history(session, person))]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _person(session: Session, user_id: int) -> _Person:
    customers = session.scalars(select(Customer.stripe_id).where(Customer.user_id == user_id)).all()
    bought = or_(Checkout.user_id == user_id, Checkout.customer_id.in_(customers))
    return _Person(
        user_id=user_id,
        email=session.get_one(User, user_id).email,
        moves=address_changes.of_member(session, user_id),
        customers=customers,
        sold=session.scalars(select(Checkout.stripe_id).where(bought)).all(),
    )


def _sent_to(
    person: _Person,
    address: InstrumentedAttribute[Any],
    at: InstrumentedAttribute[datetime],
) -> ColumnElement[bool]:
    """What was about their address, and about one they had before, while it was theirs."""
    before = [and_(address == move.was, at <= move.at) for move in person.moves]
    return or_(address == person.email, *before)


def _history(session: Session, person: _Person) -> list[Row]:
    before = and_(Entry.user_id.is_(None), _sent_to(person, Entry.email, Entry.at))
    theirs = select(Entry).where(or_(Entry.user_id == person.user_id, before))
    return [
        {"at": entry.at, "what": sentences.of_entry(entry), "ip": entry.ip}
        for entry in session.scalars(theirs.order_by(Entry.at, Entry.id))
    ]


def _rows(session: Session, theirs: Select[Any], columns: str) -> list[Row]:
    found: Sequence[Model] = session.scalars(theirs).all()
    return [{name: getattr(row, name) for name in columns.split()} for row in found]


KINDS = (
    _Kind(
        "account",
        "Who you are here.",
        "email name created_at is_owner",
        lambda p: select(User).where(User.id == p.user_id),
    ),
    _Kind(
        "addresses",
        "When your address changed.",
        "was became at undone_at",
        lambda p: select(AddressChange).where(AddressChange.user_id == p.user_id),
    ),
    _Kind(
        "sessions",
        "Where you were signed in.",
        "created_at last_seen_at expires_at ended_at user_agent ip",
        lambda p: select(SignIn).where(SignIn.user_id == p.user_id),
    ),
    _Kind(
        "feed",
        "When you made the address of your own feed.",
        "made_at",
        lambda p: select(FeedKey).where(FeedKey.user_id == p.user_id),
    ),
    _Kind(
        "newsletter",
        "Your subscription, and when you agreed to it.",
        "email created_at confirmed_at letters standing status mailerlite_id",
        lambda p: select(Subscriber).where(Subscriber.email == p.email),
    ),
    _Kind(
        "consents",
        "What you agreed to, in which words, when and where; and when you said no.",
        "act at place agreed_to proven_at proof ip was",
        lambda p: select(Consent).where(Consent.email == p.email).order_by(Consent.at, Consent.id),
    ),
    _Kind(
        "customers",
        "You, as Stripe knows you.",
        "stripe_id email bound_by created_at deleted",
        lambda p: select(Customer).where(Customer.user_id == p.user_id),
    ),
    _Kind(
        "subscriptions",
        "What you subscribed to.",
        "stripe_id customer_id status price_id started_at period_start period_end cancel_at "
        "ended_at trial_end pays_with discounted",
        lambda p: select(Subscription).where(Subscription.customer_id.in_(p.customers)),
    ),
    _Kind(
        "purchases",
        "Pages at Stripe to pay on, and what came of them.",
        "stripe_id customer_id email mode status payment_status price_id created_at paid_at",
        lambda p: select(Checkout).where(Checkout.stripe_id.in_(p.sold)),
    ),
    _Kind(
        "payments",
        "What you paid, in the smallest unit of its currency.",
        "payment_intent customer_id subscription_id checkout_id amount amount_refunded currency "
        "dispute_status paid_at",
        lambda p: select(Payment).where(
            or_(Payment.customer_id.in_(p.customers), Payment.checkout_id.in_(p.sold))
        ),
    ),
    _Kind(
        "invoices",
        "What you were asked to pay, in the smallest unit of its currency.",
        "stripe_id customer_id number total currency status created_at",
        lambda p: select(Invoice).where(Invoice.customer_id.in_(p.customers)),
    ),
    _Kind(
        "claims",
        "Payments made with an address of yours whose account had to be found.",
        "key email reason found_at settled_at",
        lambda p: select(UnclaimedPayment).where(
            or_(
                UnclaimedPayment.key.in_([*p.customers, *p.sold]),
                UnclaimedPayment.email == p.email,
            )
        ),
    ),
    _Kind(
        "grants",
        "What was opened to you, and why.",
        "feature source source_ref starts_at ends_at revoked_at reason",
        lambda p: select(Grant).where(Grant.user_id == p.user_id),
    ),
    _Kind(
        "codes",
        "Codes that were sent to you.",
        "email channel created_at",
        lambda p: select(CodeSend).where(_sent_to(p, CodeSend.email, CodeSend.created_at)),
    ),
    _Kind(
        "mails",
        "Mails that we sent you.",
        "kind recipient created_at sent_at refused_at",
        lambda p: select(OutboxMessage).where(
            _sent_to(p, OutboxMessage.recipient, OutboxMessage.created_at)
        ),
    ),
)
