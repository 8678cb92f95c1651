"""What a visitor may be told of their code: alike for every address, whatever is down.

By the time since it was last asked for, and by nothing that became of it. Which way a code goes
depends on whether its address has an account, is on the list, or was mailed today; so what became
of it, told while one of the ways is down, would say which of these it is.
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.newsletter.codes import challenges
from membership.newsletter.models import Challenge, CodeSend

PATIENCE = timedelta(minutes=2)


class Progress(StrEnum):
    SENDING = "being sent"
    TRY_AGAIN = "try again"
    NONE = "none"


def of_last(session: Session, email: str) -> Progress:
    """Of the last code for joining with this address. NONE: there is none that can be used, whether
    or not there ever was one."""
    last = (
        select(Challenge)
        .join(CodeSend, CodeSend.challenge_id == Challenge.id)
        .where(CodeSend.email == email, Challenge.purpose == challenges.JOIN)
        .order_by(CodeSend.id.desc())
        .limit(1)
    )
    challenge, now = session.scalars(last).first(), clock.now()
    if challenge is None or not challenges.usable(challenge, now):
        return Progress.NONE
    asked = select(func.max(CodeSend.created_at)).where(
        CodeSend.challenge_id == challenge.id, CodeSend.automatic.is_(False)
    )
    return Progress.TRY_AGAIN if now - session.scalars(asked).one() > PATIENCE else Progress.SENDING
