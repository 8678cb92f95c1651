"""One attempt to get a code to a person, what speaks for each way, and how soon there may be
another."""

from collections.abc import Collection
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import config, limits, outbox
from membership.db import changed
from membership.newsletter import subscribers
from membership.newsletter.codes import challenges, digits
from membership.newsletter.codes.channels import Channel, Facts
from membership.newsletter.models import Challenge, CodeSend, SendState
from membership.outbox import OutboxMessage
from membership.waits import TooSoon

ONCE_IN = timedelta(days=1)  # MailerLite's automations, for each person
# A mail tells its send how it went; a process that dies in between does not.
LOOKED_AFTER = timedelta(minutes=1)


def begin(
    session: Session,
    challenge: Challenge,
    channel: Channel,
    reason: str,
    *,
    now: datetime,
    for_newsletter: bool = False,
    automatic: bool = False,
    asker: str | None = None,
) -> CodeSend:
    """A send row: due for MailerLite's drain, or with its mail already in the outbox."""
    send = CodeSend(
        challenge_id=challenge.id,
        email=challenge.email,
        channel=channel,
        reason=reason,
        for_newsletter=for_newsletter,
        automatic=automatic,
        asker=asker or limits.asker(),
        created_at=now,
    )
    if channel is Channel.SMTP:
        mail = outbox.send_later(session, "code", challenge.email, challenge_id=challenge.id)
        by_mail(send, mail, now=now)
    else:
        send.due_at = now
    session.add(send)
    session.flush()
    return send


def by_mail(send: CodeSend, mail: OutboxMessage, *, now: datetime) -> None:
    """This mail carries it."""
    send.outbox_id, send.due_at = mail.id, now + LOOKED_AFTER


def wait(session: Session, email: str, *, now: datetime) -> timedelta:
    """How long this address must wait for its next code; sends of our own accord do not count."""
    asked = select(CodeSend.created_at).where(
        CodeSend.email == email,
        CodeSend.automatic.is_(False),
        CodeSend.created_at > now - timedelta(days=1),
    )
    return digits.wait(session.scalars(asked), now=now)


def refuse_early(session: Session, email: str, *, now: datetime, back: str | None = None) -> None:
    """Raises TooSoon when this address must wait for its next code; `back` is as there."""
    if seconds := seconds_to_wait(session, email, now=now):
        raise TooSoon(seconds, "A code was asked for at this address a moment ago.", back=back)


def seconds_to_wait(session: Session, email: str | None, *, now: datetime) -> int:
    """For a page's button: never ready before the door is. 0 when there is nobody to ask for."""
    return ceil(wait(session, email, now=now).total_seconds()) if email else 0


def facts(
    session: Session, email: str, *, for_newsletter: bool, now: datetime, resend: bool = False
) -> Facts:
    """What decides how a code for this address goes."""
    settings = config.current()
    subscriber = subscribers.find(session, email)
    return Facts(
        delivery=settings.code_delivery,
        configured=settings.mailerlite_api_key is not None,
        for_newsletter=for_newsletter and not (subscriber and subscriber.has_account),
        mailed_today=mailed_today(session, email, now=now),
        listed_as=subscriber.status if subscriber else None,
        resend=resend,
    )


def mailed_today(session: Session, email: str, *, now: datetime) -> bool:
    """Whether MailerLite was given a code for this address less than a day ago, whatever became of
    it: its automation has run."""
    handed_over = select(CodeSend.id).where(
        CodeSend.email == email, CodeSend.handed_over_at > now - ONCE_IN
    )
    return session.scalars(handed_over.limit(1)).first() is not None


def tried(session: Session, challenge: Challenge) -> Collection[str]:
    """By which channels this code has been sent, or is about to be."""
    theirs = select(CodeSend.channel).where(CodeSend.challenge_id == challenge.id)
    return set(session.scalars(theirs))


def sent_by_mail(session: Session, challenge: Challenge) -> bool:
    """Whether our own mail server has taken this code."""
    theirs = select(CodeSend.id).where(
        CodeSend.challenge_id == challenge.id,
        CodeSend.channel == Channel.SMTP,
        CodeSend.state == SendState.SENT,
    )
    return session.scalars(theirs.limit(1)).first() is not None


def asked_for_letters(session: Session, challenge: Challenge) -> bool:
    """Whether this code was asked for with the newsletter, and not only the way in."""
    asked = select(CodeSend.id).where(
        CodeSend.challenge_id == challenge.id, CodeSend.for_newsletter.is_(True)
    )
    return session.scalars(asked.limit(1)).first() is not None


def last_for_newsletter(session: Session, email: str) -> bool:
    """The same of the last code for joining that was asked for with this address."""
    asked = (
        select(CodeSend.for_newsletter)
        .join(Challenge, Challenge.id == CodeSend.challenge_id)
        .where(
            CodeSend.email == email,
            CodeSend.automatic.is_(False),
            Challenge.purpose == challenges.JOIN,
        )
    )
    return bool(session.scalars(asked.order_by(CodeSend.id.desc()).limit(1)).first())


def bounced(session: Session, email: str, *, now: datetime) -> bool:
    """MailerLite could not deliver to this address. Nudge "codes" after the commit; whether there
    is a code to get there by another way."""
    lately = update(CodeSend).where(
        CodeSend.email == email,
        CodeSend.handed_over_at > now - ONCE_IN,
        CodeSend.state.in_([SendState.HANDED_OVER, SendState.SENT]),
    )
    return changed(session, lately.values(state=SendState.BOUNCED, due_at=now)) > 0
