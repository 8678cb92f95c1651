"""A member's own feed: its address, which is a key, made anew and ended."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, links
from membership.accounts import feed_keys, sessions
from membership.accounts.feed_keys import FeedKey
from membership.db import db, transaction
from membership.extensions import limiter

bp = Blueprint("feed", __name__)


@dataclass(frozen=True)
class OwnFeed:
    """`address` is the whole one, for as long after it was made as it is shown."""

    made_at: datetime
    address: str | None


def of_member(user_id: int) -> OwnFeed | None:
    feed_key = db.session.get(FeedKey, user_id)
    if feed_key is None:
        return None
    token = feed_keys.token_to_show(feed_key, now=clock.now())
    address = links.whole("feeds.private", token=token) if token else None
    return OwnFeed(feed_key.made_at, address)


@bp.post("/account/feed")
@login_required
@limiter.limit("30 per hour")
def make() -> ResponseReturnValue:
    """Also in the place of the one there was."""
    now = clock.now()
    with transaction() as rows:
        user = sessions.hold(rows, current_user.get_id(), now=now)
        feed_keys.make(rows, user, now=now)
    return _back()


@bp.post("/account/feed/end")
@login_required
def end() -> ResponseReturnValue:
    with transaction() as rows:
        user = sessions.hold(rows, current_user.get_id(), now=clock.now())
        feed_keys.end(rows, user)
    flash("That address opens nothing any more.", "status")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("dashboard.account", _anchor="feed"), 303)
