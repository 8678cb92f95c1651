"""The one question doors ask: may this person use that?

The loader fetches session, member and live grants in one query, so a paid page costs one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user
from sqlalchemy import and_, bindparam, case, select, update

from membership import clock, keyed
from membership.accounts import sessions
from membership.accounts.feed_keys import FeedKey
from membership.accounts.models import SignIn, User
from membership.billing import belongings, bindings, catalogue
from membership.billing.entitlements import IN_GRACE
from membership.billing.grants import live
from membership.billing.models import Grant
from membership.billing.outlook import Outlook
from membership.db import changed, transaction
from membership.prepared import Question

P = ParamSpec("P")


@dataclass(frozen=True)
class Member(UserMixin):  # type: ignore[misc]
    """The signed-in person of this request, with what they may use at its start.

    `overdue`: their last payment did not go through, and until then what it pays for is open.
    """

    token: str
    user_id: int
    email: str
    name: str | None
    is_owner: bool
    features: frozenset[str]
    overdue: datetime | None

    def get_id(self) -> str:
        return self.token

    def may_use(self, feature: str) -> bool:
        return feature in self.features


@dataclass(frozen=True)
class FeedReader:
    """A member's feed reader: it was not asked who it is, and may read what they may."""

    user_id: int
    features: frozenset[str]
    is_authenticated = True

    def may_use(self, feature: str) -> bool:
        return feature in self.features


class Visitor:
    """Nobody signed in. Flask-Login's word is anonymous."""

    is_authenticated = False
    is_active = False
    is_anonymous = True
    is_owner = False
    overdue = None

    def get_id(self) -> None:
        return None

    def may_use(self, feature: str) -> bool:
        return False


@dataclass(frozen=True)
class Shut:
    """`lapse` is why, if they had it; `plans` are the names of those on sale that open it."""

    lapse: Outlook | None = None
    plans: Sequence[str] = ()


_WHO = Question(
    select(
        User.id,
        User.email,
        User.name,
        User.is_owner,
        SignIn.last_seen_at,
        Grant.feature,
        case((Grant.reason == IN_GRACE, Grant.ends_at)).label("overdue"),
    )
    .join(SignIn, SignIn.user_id == User.id)
    .outerjoin(Grant, and_(Grant.user_id == User.id, live(bindparam("billing_now"))))
    .where(
        SignIn.token_hash == bindparam("token_hash"),
        sessions.live_at(bindparam("now"), bindparam("seen_after")),
        User.disabled_at.is_(None),
    )
)
_WHOSE_FEED = Question(
    select(FeedKey.user_id, Grant.feature)
    .join(User, User.id == FeedKey.user_id)
    .outerjoin(Grant, and_(Grant.user_id == User.id, live(bindparam("billing_now"))))
    .where(FeedKey.token_hash == bindparam("token_hash"), User.disabled_at.is_(None))
)


def load_member(token: str) -> Member | None:
    """The member whose live session has this token."""
    now = clock.now()
    rows = _WHO.ask(
        token_hash=keyed.hash_token(token),
        now=now,
        seen_after=now - sessions.idle(),
        billing_now=clock.billing_now(),
    )
    if not rows:
        return None
    first = rows[0]
    if first.last_seen_at < now - sessions.SEEN_EVERY:
        _note_seen(token, now)
    features = frozenset(row.feature for row in rows if row.feature)
    overdue = next((row.overdue for row in rows if row.overdue), None)
    return Member(token, first.id, first.email, first.name, first.is_owner, features, overdue)


def reader_of_feed(token: str) -> FeedReader | None:
    """Whose feed's key this is."""
    rows = _WHOSE_FEED.ask(token_hash=keyed.hash_token(token), billing_now=clock.billing_now())
    if not rows:
        return None
    return FeedReader(rows[0].user_id, frozenset(row.feature for row in rows if row.feature))


def may_use(feature: str) -> bool:
    """Whether the person of this request may use the feature."""
    return bool(current_user.may_use(feature))


def why_shut(feature: str) -> Shut:
    """What to tell the person of this request, to whom a feature is shut."""
    if not current_user.is_authenticated:
        return Shut()
    lapse = belongings.lapse_of(current_user.user_id, feature, clock.billing_now())
    return Shut(lapse, catalogue.plans_opening(feature))


def requires(
    feature: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Guard a view: a visitor is sent to sign in, a member without the feature gets 402, unless a
    payment of theirs was only waiting for them to join."""

    def guard(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if may_use(feature):
                return view(*args, **kwargs)
            if current_user.is_authenticated:
                if _payment_found() and may_use(feature):
                    return view(*args, **kwargs)
                shut = why_shut(feature)
                return render_template("billing/locked.html", feature=feature, shut=shut), 402
            return redirect(url_for("accounts.login", next=request.full_path.rstrip("?")))

        vars(guarded)["requires"] = feature  # `flask paywall-check` finds it by this
        return guarded

    return guard


def _payment_found() -> bool:
    """Whether this member has just been given a payment; then they are read again."""
    found = bindings.look_again(current_user.user_id, current_user.email)
    if found:
        g._login_user = load_member(current_user.get_id())
    return found


def _note_seen(token: str, now: datetime) -> None:
    with transaction() as session:
        mine = update(SignIn).where(SignIn.token_hash == keyed.hash_token(token))
        changed(session, mine.values(last_seen_at=now))
