"""One attempt to get a code to a person, and how soon there may be another."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import outbox
from membership.newsletter.codes import channels, digits
from membership.newsletter.models import Challenge, CodeSend


def begin(
    session: Session,
    challenge: Challenge,
    channel: channels.Channel,
    reason: str,
    *,
    now: datetime,
    automatic: bool = False,
) -> CodeSend:
    """A send row: due for MailerLite's drain, or with its mail already in the outbox."""
    send = CodeSend(
        challenge_id=challenge.id,
        email=challenge.email,
        channel=channel,
        reason=reason,
        automatic=automatic,
        created_at=now,
    )
    if channel is channels.Channel.SMTP:
        mail = outbox.send_later(session, "code", challenge.email, challenge_id=challenge.id)
        send.outbox_id = mail.id
    else:
        send.due_at = now
    session.add(send)
    session.flush()
    return send


def wait(session: Session, email: str, *, now: datetime) -> timedelta:
    """How long this address must wait for its next code; sends of our own accord do not count."""
    asked = select(CodeSend.created_at).where(
        CodeSend.email == email,
        CodeSend.automatic.is_(False),
        CodeSend.created_at > now - timedelta(days=1),
    )
    return digits.wait(session.scalars(asked), now=now)
