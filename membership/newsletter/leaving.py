"""Somebody leaves: the newsletter with them, unless they want to go on reading it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from membership import config, outbox
from membership.db import changed
from membership.newsletter import consents, reader_links
from membership.newsletter.models import Challenge, CodeSend, Standing, Subscriber

# What stays of whoever had agreed to the letters, and why: a sentence of their receipt.
EVIDENCE = (
    "That you had agreed to the letters, to which words, and when: for three years, under a code "
    "made from your address. The address cannot be read out of it. By it we can show, if you ask, "
    "that we did not write to you uninvited."
)


@dataclass(frozen=True)
class Left:
    """`goes_on`: whether the letters do, at the address that stays. `list_to_tell`: whether
    MailerLite has yet to forget another. `consent`: whether it is kept, as a digest, that they had
    agreed."""

    goes_on: bool
    list_to_tell: bool
    consent: bool


def readers(session: Session, emails: Iterable[str]) -> set[str]:
    """Of these addresses those that somebody has proven, or is about to."""
    theirs = select(Subscriber.email).where(Subscriber.email.in_(list(emails)))
    return set(session.scalars(theirs))


def forget(
    session: Session,
    emails: Iterable[str],
    purposes: Collection[str],
    *,
    stays: str | None,
    now: datetime,
) -> Left:
    """No code of theirs is left, nor one for these purposes, and no subscription but the one at
    `stays`."""
    addresses = set(emails)
    _forget_codes(session, addresses, purposes)
    reader_links.forget(session, addresses)
    goes_on = to_tell = False
    for subscriber in session.scalars(select(Subscriber).where(Subscriber.email.in_(addresses))):
        session.refresh(subscriber, with_for_update=True)  # the list may be told of it just now
        subscriber.has_account, subscriber.standing = False, Standing.FREE
        subscriber.plan, subscriber.renews_on = None, None
        if subscriber.email == stays and subscriber.wants_letters:
            subscriber.due_at = now
            goes_on = True
        elif _may_be_listed(subscriber):
            subscriber.letters, subscriber.resubscribe_at = False, None
            subscriber.confirmed_at = None
            subscriber.left_at = subscriber.due_at = now
            to_tell = True
        else:
            session.delete(subscriber)
    session.flush()
    given_up = addresses - {stays} if goes_on else addresses
    kept = consents.forget(session, given_up, now=now)
    return Left(goes_on, to_tell, kept)


def _may_be_listed(subscriber: Subscriber) -> bool:
    return subscriber.mailerlite_id is not None or config.current().mailerlite_api_key is not None


def _forget_codes(session: Session, emails: set[str], purposes: Collection[str]) -> None:
    theirs = select(Challenge.id).where(
        or_(Challenge.email.in_(emails), Challenge.purpose.in_(purposes))
    )
    ids = list(session.scalars(theirs))
    sends = or_(CodeSend.email.in_(emails), CodeSend.challenge_id.in_(ids))
    mails = list(session.scalars(select(CodeSend.outbox_id).where(sends)))
    changed(session, delete(CodeSend).where(sends))
    changed(session, delete(Challenge).where(Challenge.id.in_(ids)))
    outbox.take_back(session, [mail for mail in mails if mail is not None])
