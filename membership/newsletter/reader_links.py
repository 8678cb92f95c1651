"""The way of a reader without a password to their own page: a link, mailed to their address.

One at a time, so the newest wins; it works for an hour, once. What it opens is the page about the
letters alone: whoever has an account signs in to it for everything else.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import config, journal, keyed, limits, outbox
from membership.db import Model, changed
from membership.limits import Door, Limit
from membership.newsletter import subscribers

LETTER, UNKNOWN_LETTER = "reader_link", "reader_unknown"
LIFETIME = timedelta(hours=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
ASKS = Door(
    "reader's link",
    "A link was asked for several times already.",
    per_account=(Limit(5, _HOUR), Limit(10, _DAY)),
    per_asker=(Limit(3, _HOUR), Limit(5, _DAY)),
    per_network=(Limit(20, _HOUR),),
)


class ReaderLink(Model):
    """A link that lives. Its token is derived from the nonce and a key of ours when its mail is
    sent; here is its hash. The row goes when the link is used."""

    __tablename__ = "reader_links"
    email: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]


def ask(session: Session, email: str, *, now: datetime) -> None:
    """Mail this address a link, or that nothing of it is here. Raises TooSoon.

    Alike in everything that an onlooker could see or measure.
    """
    limits.knock(session, ASKS, account=email, now=now)
    journal.record(session, "newsletter.link_asked", email=email)
    subscriber = subscribers.find(session, email)
    if subscriber is None or subscriber.left_at:
        outbox.send_later(session, UNKNOWN_LETTER, email)
    else:
        outbox.send_later(session, LETTER, email, token_hash=_issue(session, email, now))


def holder(session: Session, token: str, *, now: datetime) -> str | None:
    """Whose link this is, while it can be used. Looking at it spends nothing."""
    theirs = select(ReaderLink.email).where(
        ReaderLink.token_hash == keyed.hash_token(token), ReaderLink.expires_at > now
    )
    return session.scalars(theirs).first()


def use(session: Session, token: str, *, now: datetime) -> str | None:
    """Spend the link; the address it proves, or None when it could not be used any more."""
    email = holder(session, token, now=now)
    spent = delete(ReaderLink).where(ReaderLink.token_hash == keyed.hash_token(token))
    if email is None or not changed(session, spent):  # or somebody was quicker
        return None
    journal.record(session, "newsletter.page_opened", email=email)
    return email


def token_for(session: Session, email: str, token_hash: str, *, now: datetime) -> str | None:
    """The token to put into the mail; None when it was used, replaced or is too old, or when no
    key of ours makes it any more."""
    link = session.get(ReaderLink, email)
    if link is None or link.token_hash != token_hash or link.expires_at <= now:
        return None
    tokens = (_derive(key, link.nonce) for key in config.current().keys)
    return next((token for token in tokens if keyed.hash_token(token) == token_hash), None)


def forget(session: Session, emails: set[str]) -> None:
    changed(session, delete(ReaderLink).where(ReaderLink.email.in_(emails)))


def _issue(session: Session, email: str, now: datetime) -> str:
    """A fresh link, in the place of one there was; the hash of its token."""
    nonce = secrets.token_hex(16)
    token_hash = keyed.hash_token(_derive(config.current().secret_key, nonce))
    changed(session, delete(ReaderLink).where(ReaderLink.email == email))
    link = ReaderLink(email=email, nonce=nonce, token_hash=token_hash, expires_at=now + LIFETIME)
    session.add(link)
    session.flush()
    return token_hash


def _derive(secret_key: str, nonce: str) -> str:
    return keyed.token(secret_key, "reader's link", nonce)
