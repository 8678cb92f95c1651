"""The key in the address of a member's own feed: one at a time, for readers that cannot sign in.

It opens the feed and nothing else. The token is derived from the nonce and a key of ours, so that
its whole address can be shown until it is in a feed reader; stored is its hash.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import config, journal, keyed
from membership.accounts.models import User
from membership.db import Model, changed

SHOWN = timedelta(minutes=10)


class FeedKey(Model):
    """`made_at` is real time."""

    __tablename__ = "feed_keys"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    nonce: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]


def make(rows: Session, user: User, *, now: datetime) -> None:
    """A fresh one; the one there was opens nothing any more. The account must be held."""
    renewed = _delete(rows, user.id)
    nonce = secrets.token_hex(16)
    token = _derive(config.current().secret_key, nonce)
    rows.add(FeedKey(user_id=user.id, nonce=nonce, token_hash=keyed.hash_token(token), made_at=now))
    journal.record(
        rows, "feed.renewed" if renewed else "feed.made", user_id=user.id, email=user.email
    )


def end(rows: Session, user: User) -> None:
    """Nothing happens when there is none."""
    if _delete(rows, user.id):
        journal.record(rows, "feed.ended", user_id=user.id, email=user.email)


def token_to_show(feed_key: FeedKey, *, now: datetime) -> str | None:
    """None when it was made longer than SHOWN ago: whoever finds an account open reads it nowhere.

    Also when no key of ours makes it any more; it goes on opening the feed.
    """
    if now >= feed_key.made_at + SHOWN:
        return None
    for key in config.current().keys:
        token = _derive(key, feed_key.nonce)
        if keyed.hash_token(token) == feed_key.token_hash:
            return token
    return None


def _delete(rows: Session, user_id: int) -> int:
    return changed(rows, delete(FeedKey).where(FeedKey.user_id == user_id))


def _derive(secret_key: str, nonce: str) -> str:
    return keyed.token(secret_key, "feed", nonce)
