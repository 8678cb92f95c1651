"""Issue codes and check them. Every try is counted before it is compared."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from membership import config, limits
from membership.db import changed
from membership.limits import Door, Limit
from membership.newsletter.codes import digits
from membership.newsletter.models import Challenge, CodeSend, SendState

JOIN = "join"  # the purpose of a code that confirms the newsletter, and opens an account
# Besides the five tries that each code has, for whoever tries a few on every address.
GUESSES = Door(
    "code tried",
    "There were too many tries with a wrong code.",
    per_network=(Limit(20, timedelta(hours=1)),),
)


@dataclass(frozen=True)
class Proven:
    """The code was right, and is spent now."""

    challenge: Challenge


@dataclass(frozen=True)
class Wrong:
    """The code was not right; so many tries are left."""

    tries_left: int


@dataclass(frozen=True)
class Gone:
    """There is no code here that could still be used: a fresh one is needed."""


def issue(session: Session, email: str, purpose: str, *, now: datetime) -> Challenge:
    """The address's living challenge, or a new one: the same code is sent while it lives."""
    newest = _newest(session, email, purpose, now)
    if newest and not newest.decoy and usable(newest, now):
        return newest
    return _begin(session, email, purpose, now, decoy=False)


def check(
    session: Session, email: str, purpose: str, given: str, *, now: datetime
) -> Proven | Wrong | Gone:
    """Count a try, then compare; spend the code when it is right.

    The caller commits whatever comes back, or the try would not count. Raises TooSoon.
    """
    tried = limits.knock(session, GUESSES, now=now)
    challenge = _newest(session, email, purpose, now)
    challenge = challenge or _begin(session, email, purpose, now, decoy=True)
    if not _count_try(session, challenge, now):
        return Gone()
    if challenge.decoy or not digits.matches(given, code_of(challenge)):
        left = digits.TRIES - challenge.tries
        return Wrong(left) if left else Gone()
    _spend(session, challenge, now)
    limits.forgive(session, tried)
    return Proven(challenge)


def spend(session: Session, challenge: Challenge, *, now: datetime) -> Proven | Gone:
    """The same for whoever holds the link that came with the code: it works once, and never after
    the code."""
    ours = update(Challenge).where(Challenge.id == challenge.id, *_alive(now))
    if changed(session, ours.values(spent_at=now)) != 1:
        return Gone()
    _spend(session, challenge, now)
    return Proven(challenge)


def in_words(outcome: Wrong | Gone) -> str:
    """What a person reads below the field; the page offers a new code."""
    if isinstance(outcome, Gone):
        return "That code cannot be used any more. Ask for a new one below"
    tries = "one try" if outcome.tries_left == 1 else f"{outcome.tries_left} tries"
    return f"That is not the code we sent. You have {tries} left"


def code_of(challenge: Challenge) -> str:
    settings = config.current()
    return digits.derive(
        settings.secret_key,
        purpose=challenge.purpose,
        email=challenge.email,
        nonce=challenge.nonce,
    )


def usable(challenge: Challenge, now: datetime) -> bool:
    return (
        challenge.spent_at is None and challenge.expires_at > now and challenge.tries < digits.TRIES
    )


def minutes_left(challenge: Challenge, now: datetime) -> int:
    """For how long it can be used, in whole minutes."""
    return ceil((challenge.expires_at - now).total_seconds() / 60)


def _newest(session: Session, email: str, purpose: str, now: datetime) -> Challenge | None:
    """The challenge that answers for this address: a real one before a decoy.

    A spent or used-up one answers until it would have expired, or guessing would start afresh.
    """
    return session.scalars(
        select(Challenge)
        .where(Challenge.email == email, Challenge.purpose == purpose, Challenge.expires_at > now)
        .order_by(Challenge.decoy, Challenge.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def _begin(session: Session, email: str, purpose: str, now: datetime, *, decoy: bool) -> Challenge:
    settings = config.current()
    challenge = Challenge(
        email=email,
        purpose=purpose,
        nonce=secrets.token_hex(16),
        decoy=decoy,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.code_lifetime),
    )
    session.add(challenge)
    session.flush()
    return challenge


def _count_try(session: Session, challenge: Challenge, now: datetime) -> bool:
    """Whether this try counts: the update holds the row, so that tries at once come one by one."""
    counted = changed(
        session,
        update(Challenge)
        .where(Challenge.id == challenge.id, *_alive(now))
        .values(tries=Challenge.tries + 1),
    )
    session.refresh(challenge)
    return counted == 1


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Challenge.tries < digits.TRIES,
        Challenge.spent_at.is_(None),
        Challenge.expires_at > now,
    )


def _spend(session: Session, challenge: Challenge, now: datetime) -> None:
    """It is used now, and so is the send that brought it: the last, as far as anybody can tell."""
    challenge.spent_at = now
    last = (
        select(CodeSend.id)
        .where(CodeSend.challenge_id == challenge.id, CodeSend.state != SendState.NOT_NEEDED)
        .order_by(CodeSend.id.desc())
        .limit(1)
    )
    changed(
        session,
        update(CodeSend).where(CodeSend.id == last.scalar_subquery()).values(used_at=now),
    )
