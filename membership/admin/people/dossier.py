"""Everything of one member: what is open to them and why, what they bought, what they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from membership.accounts import sessions
from membership.accounts.models import User
from membership.admin.people import directory
from membership.billing import holdings, payers
from membership.billing.entitlements import Source
from membership.billing.explain import security_log, why
from membership.billing.explain.security_log import Act
from membership.billing.explain.why import Explanation
from membership.billing.models import Checkout, Customer, Grant, Match, Product, Subscription
from membership.billing.payers import Payer
from membership.db import Model, db
from membership.inbox import InboxEvent
from membership.newsletter import consents, subscribers
from membership.newsletter.consents import Consent
from membership.newsletter.models import CodeSend, SendState, Subscriber
from membership.outbox import OutboxMessage

NEWEST = 200  # entries of the story
MAILS = 30
ACTS = 20  # of the security log


@dataclass(frozen=True)
class AtStripe:
    """A customer, or a guest's Checkout Session, that is this member's."""

    key: str
    email: str | None
    found_by: Match | None
    read_at: datetime | None
    deleted: bool
    payer: Payer


@dataclass(frozen=True)
class Given:
    """A line of the ledger. `ends` is None for good."""

    feature: str
    source: Source
    source_ref: str
    starts: datetime
    ends: datetime | None
    open: bool
    reason: str


@dataclass(frozen=True)
class Sent:
    """A mail: of what kind, when it was written, and what became of it."""

    kind: str
    at: datetime
    state: str


@dataclass(frozen=True)
class Dossier:
    """`waiting` is how many events of theirs have not been worked on, `sessions` how many browsers
    are signed in."""

    user: User
    standing: str
    explanation: Explanation
    at_stripe: Sequence[AtStripe]
    ledger: Sequence[Given]
    mails: Sequence[Sent]
    subscriber: Subscriber | None
    consents: Sequence[Consent]
    waiting: int
    sessions: int
    security_log: Sequence[Act]

    @property
    def comps(self) -> list[Given]:
        """What the owner has given, and can take back."""
        return [line for line in self.ledger if line.source is Source.COMP and line.open]


def read(user: User, *, now: datetime, real_now: datetime) -> Dossier:
    """`now` is billing's. As many questions for somebody with a long history as for a newcomer."""
    keys = holdings.payers_of(user.id)
    at_hand = _at_hand(keys)
    grants = db.session.scalars(
        select(Grant).where(Grant.user_id == user.id).order_by(Grant.starts_at.desc(), Grant.id)
    ).all()
    dossier = Dossier(
        user=user,
        standing=directory.standings([user.id], now)[user.id],
        explanation=why.explain(user.id, user.email, now=now, newest=NEWEST),
        at_stripe=_at_stripe(keys),
        ledger=[_given(grant, now) for grant in grants],
        mails=_mails(user.email),
        subscriber=subscribers.find(db.session(), user.email),
        consents=consents.of(db.session(), user.email),
        waiting=_waiting(keys),
        sessions=len(sessions.all_of(db.session(), user.id, now=real_now)),
        security_log=security_log.of_member(user.id, user.email, newest=ACTS),
    )
    del at_hand
    return dossier


def _at_hand(keys: Sequence[str]) -> list[Model]:
    """What the explanation is going to ask for one by one, read at once: as long as somebody holds
    these rows, the session finds them without asking."""
    subscriptions = db.session.scalars(
        select(Subscription).where(Subscription.customer_id.in_(keys))
    ).all()
    checkouts = db.session.scalars(
        select(Checkout).where(or_(Checkout.customer_id.in_(keys), Checkout.stripe_id.in_(keys)))
    ).all()
    rows: list[Subscription | Checkout] = [*subscriptions, *checkouts]
    sold = {product_id for row in rows for product_id in row.product_ids}
    products = db.session.scalars(select(Product).where(Product.stripe_id.in_(sold))).all()
    return [*rows, *products]


def _at_stripe(keys: Sequence[str]) -> list[AtStripe]:
    bought = payers.read(db.session(), keys)
    customers = db.session.scalars(select(Customer).where(Customer.stripe_id.in_(keys))).all()
    guests = db.session.scalars(select(Checkout).where(Checkout.stripe_id.in_(keys))).all()
    return [
        *(
            AtStripe(c.stripe_id, c.email, c.bound_by, c.synced_at, c.deleted, bought[c.stripe_id])
            for c in customers
        ),
        *(
            AtStripe(c.stripe_id, c.email, c.bound_by, None, False, bought[c.stripe_id])
            for c in guests
        ),
    ]


def _given(grant: Grant, now: datetime) -> Given:
    ends = min(filter(None, (grant.ends_at, grant.revoked_at)), default=None)
    return Given(
        feature=grant.feature,
        source=grant.source,
        source_ref=grant.source_ref,
        starts=grant.starts_at,
        ends=ends,
        open=grant.starts_at <= now and (ends is None or ends > now),
        reason=grant.reason,
    )


def _mails(email: str) -> list[Sent]:
    """The newest of those we sent, and of the codes that MailerLite was to send for us."""
    ours = db.session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.recipient == email)
        .order_by(OutboxMessage.id.desc())
        .limit(MAILS)
    )
    theirs = db.session.scalars(
        select(CodeSend)
        .where(CodeSend.email == email, CodeSend.channel == "mailerlite")
        .order_by(CodeSend.id.desc())
        .limit(MAILS)
    )
    mails = [
        *(Sent(_kind(mail.kind), mail.created_at, _state(mail)) for mail in ours),
        *(Sent("Code, by MailerLite", send.created_at, _state_of_code(send)) for send in theirs),
    ]
    return sorted(mails, key=lambda mail: mail.at, reverse=True)[:MAILS]


def _kind(kind: str) -> str:
    return kind.replace("_", " ").replace(".", " ").capitalize()


def _state(mail: OutboxMessage) -> str:
    if mail.sent_at:
        return "sent"
    if mail.refused_at:
        return f"refused: {mail.last_error}" if mail.last_error else "refused"
    if mail.due_at is None:
        return "not sent: it was no longer true"
    return f"waiting: {mail.why}" if mail.why else "waiting"


def _state_of_code(send: CodeSend) -> str:
    return "waiting" if send.state is SendState.QUEUED else send.state.value


def _waiting(keys: Sequence[str]) -> int:
    theirs = select(func.count(InboxEvent.id)).where(
        InboxEvent.subject.in_(keys),
        or_(InboxEvent.due_at.is_not(None), InboxEvent.given_up_at.is_not(None)),
    )
    return db.session.scalar(theirs) or 0
