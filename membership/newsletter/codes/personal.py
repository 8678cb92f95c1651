"""Codes that prove an address for one person, who alone can enter them; they go by SMTP."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from membership import limits, outbox
from membership.newsletter.codes import sends
from membership.newsletter.codes.channels import Channel
from membership.newsletter.models import Challenge, CodeSend


class Act(StrEnum):
    """What such a code is for."""

    CLAIM = "claim"
    ADDRESS = "address"


def purpose(act: Act, user_id: int) -> str:
    """Of the challenge: by it the code is this member's."""
    return f"{act}-{user_id}"


def purposes(user_id: int) -> list[str]:
    return [purpose(act, user_id) for act in Act]


def send(
    session: Session, challenge: Challenge, letter: str, reason: str, *, now: datetime, **whose: int
) -> None:
    """Queue this letter with the code in it, and count it among the codes of its address. `whose`
    goes into the letter's params: the id of whoever may enter it."""
    mail = outbox.send_later(session, letter, challenge.email, challenge_id=challenge.id, **whose)
    send = CodeSend(
        challenge_id=challenge.id,
        email=challenge.email,
        channel=Channel.SMTP,
        reason=reason,
        asker=limits.asker(),
        created_at=now,
    )
    sends.by_mail(send, mail, now=now)
    session.add(send)
