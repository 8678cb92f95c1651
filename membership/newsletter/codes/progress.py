"""What a visitor may be told of their code: how far it is, alike for every address."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.newsletter.codes import challenges
from membership.newsletter.models import Challenge, CodeSend, SendState

SETTLED_AFTER = timedelta(seconds=20)
PATIENCE = timedelta(minutes=2)
ARRIVING = (SendState.HANDED_OVER, SendState.SENT)


class Progress(StrEnum):
    LEAVING = "not handed over yet"
    ON_ITS_WAY = "on its way"
    TRY_AGAIN = "try again"
    USED_UP = "used up"


def of_last(session: Session, email: str) -> Progress | None:
    """Of the last code for joining with this address; None when none was asked for.

    By the time since it was last asked for, at first: one way is quicker than the other, and which
    one was taken says whether there is an account.
    """
    last = (
        select(Challenge)
        .join(CodeSend, CodeSend.challenge_id == Challenge.id)
        .where(CodeSend.email == email, Challenge.purpose == challenges.JOIN)
        .order_by(CodeSend.id.desc())
        .limit(1)
    )
    challenge = session.scalars(last).first()
    if challenge is None:
        return None
    now = clock.now()
    if not challenges.usable(challenge, now):
        return Progress.USED_UP
    sends = session.scalars(select(CodeSend).where(CodeSend.challenge_id == challenge.id)).all()
    asked_for = now - max(send.created_at for send in sends if not send.automatic)
    if asked_for < SETTLED_AFTER:
        return Progress.LEAVING
    if any(send.state in ARRIVING for send in sends):
        return Progress.ON_ITS_WAY
    return Progress.TRY_AGAIN if asked_for > PATIENCE else Progress.LEAVING
