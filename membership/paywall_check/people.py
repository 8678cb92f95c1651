"""Those who try the doors of a trial site: a visitor, a free member, one whose time is over, one
for each feature that can be paid for, and the feed reader of each member."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership import clock, config
from membership.accounts import feed_keys, sessions
from membership.accounts.feed_keys import FeedKey
from membership.accounts.models import User
from membership.billing.entitlements import Source
from membership.billing.models import Grant
from membership.db import transaction
from membership.library.post import MEMBERS, PUBLIC

MONTH, DAY = timedelta(days=30), timedelta(days=1)


@dataclass(frozen=True)
class Person:
    """`feed` is the only address of somebody's feed reader, which has no cookie; `user_id` is of
    whoever signs in."""

    name: str
    client: FlaskClient
    is_member: bool = False
    features: frozenset[str] = frozenset()
    feed: str | None = None
    user_id: int | None = None

    def may_have(self, access: str | None) -> bool:
        if access == MEMBERS:
            return self.is_member
        return access == PUBLIC or access in self.features


def everybody(trial: Flask, features: Set[str]) -> list[Person]:
    """The visitor first."""
    people = [Person("a visitor", trial.test_client(use_cookies=False))]
    people += _member(trial, "a free member", frozenset())
    people += _member(trial, "a member whose time is over", frozenset(), had=features)
    for feature in sorted(features):
        people += _member(trial, f"a member with {feature}", frozenset({feature}))
    return people


def with_cookies(trial: Flask, visitor: Person) -> Person:
    """The same, who can send forms."""
    return replace(visitor, client=trial.test_client())


def sign_in(trial: Flask, person: Person) -> None:
    """Without a password: the session is written down, and its cookie made. A visitor is not."""
    if person.user_id is None:
        return
    base_url = config.current().site_url
    with trial.test_request_context(base_url=base_url), transaction() as rows:
        user = rows.get_one(User, person.user_id)
        token = sessions.begin(rows, user, now=clock.now())
    with person.client.session_transaction(base_url=base_url) as session:
        session.clear()
        session["_user_id"] = token


def _member(
    trial: Flask, name: str, features: frozenset[str], *, had: Set[str] = frozenset()
) -> Iterator[Person]:
    base_url, now = config.current().site_url, clock.now()
    with trial.test_request_context(base_url=base_url), transaction() as rows:
        user = User(email=f"{name.replace(' ', '.')}@trial.invalid", created_at=now)
        rows.add(user)
        rows.flush()
        _grant(rows, user, features, clock.billing_now() + MONTH)
        _grant(rows, user, had, clock.billing_now() - DAY)
        feed_keys.make(rows, user, now=now)
        feed_key = rows.get_one(FeedKey, user.id)
        feed_token = feed_keys.token_to_show(feed_key, now=now)
        feed = url_for("feeds.private", token=feed_token, _external=False)
        user_id = user.id
    member = Person(name, trial.test_client(), is_member=True, features=features, user_id=user_id)
    sign_in(trial, member)
    yield member
    reader = trial.test_client()
    yield Person(f"the feed of {name}", reader, is_member=True, features=features, feed=feed)


def _grant(rows: Session, user: User, features: Set[str], ends_at: datetime) -> None:
    for feature in features:
        rows.add(
            Grant(
                user_id=user.id,
                feature=feature,
                source=Source.COMP,
                source_ref=f"trial-{user.id}",
                starts_at=ends_at - MONTH,
                ends_at=ends_at,
                reason="a trial",
            )
        )
