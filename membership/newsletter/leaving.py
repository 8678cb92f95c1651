"""Somebody leaves: the newsletter with them, unless they want to go on reading it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from membership import config, outbox
from membership.db import changed
from membership.newsletter.codes import personal
from membership.newsletter.models import Challenge, CodeSend, Standing, Subscriber


def readers(session: Session, emails: Iterable[str]) -> set[str]:
    """Of these addresses those that somebody has proven, or is about to."""
    theirs = select(Subscriber.email).where(Subscriber.email.in_(list(emails)))
    return set(session.scalars(theirs))


def forget(
    session: Session,
    emails: Iterable[str],
    user_id: int,
    *,
    stays: str | None,
    now: datetime,
) -> tuple[bool, bool]:
    """No code of theirs is left, and no subscription but the one at `stays`.

    Returns whether that one goes on, and whether MailerLite has yet to be told to forget another.
    """
    addresses = set(emails)
    _forget_codes(session, addresses, user_id)
    goes_on = to_tell = False
    for subscriber in session.scalars(select(Subscriber).where(Subscriber.email.in_(addresses))):
        session.refresh(subscriber, with_for_update=True)  # the list may be told of it just now
        if subscriber.email == stays and subscriber.wants_letters:
            subscriber.has_account, subscriber.standing = False, Standing.FREE
            subscriber.plan, subscriber.renews_on, subscriber.due_at = None, None, now
            goes_on = True
        elif _may_be_listed(subscriber):
            subscriber.left_at = subscriber.due_at = now
            to_tell = True
        else:
            session.delete(subscriber)
    session.flush()
    return goes_on, to_tell


def _may_be_listed(subscriber: Subscriber) -> bool:
    return subscriber.mailerlite_id is not None or config.current().mailerlite_api_key is not None


def _forget_codes(session: Session, emails: set[str], user_id: int) -> None:
    theirs = select(Challenge.id).where(
        or_(Challenge.email.in_(emails), Challenge.purpose.in_(personal.purposes(user_id)))
    )
    ids = list(session.scalars(theirs))
    sends = or_(CodeSend.email.in_(emails), CodeSend.challenge_id.in_(ids))
    mails = list(session.scalars(select(CodeSend.outbox_id).where(sends)))
    changed(session, delete(CodeSend).where(sends))
    changed(session, delete(Challenge).where(Challenge.id.in_(ids)))
    outbox.take_back(session, [mail for mail in mails if mail is not None])
