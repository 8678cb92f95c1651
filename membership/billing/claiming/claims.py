"""Claim a payment that was made with another address, by proving that address with a code.

A code is bound to the address and to the member who asked, so that it gives the payment to the
account its mail names and to no other. Nobody is told whether an address has paid.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import journal, limits
from membership.accounts.models import User
from membership.billing import bindings, unclaimed
from membership.limits import Door, Limit
from membership.newsletter import signup
from membership.newsletter.codes import challenges, personal, sends
from membership.newsletter.codes.challenges import Gone, Proven, Wrong
from membership.newsletter.codes.channels import Channel
from membership.newsletter.codes.personal import Act
from membership.newsletter.models import Challenge, CodeSend, SendState

LETTER = "claim_code"
ASKS = Door(
    "claim asked",
    "You have asked for several codes already.",
    per_account=(Limit(10, timedelta(hours=1)),),
)


def ask(session: Session, user_id: int, email: str, *, now: datetime) -> None:
    """Send this address a code, if there is something to claim. The same either way for whoever
    asks; counted with all codes of the address. Raises TooSoon.
    """
    # All that would send a mail come one by one, and so do this member's asks: locked in the order
    # in which a payment is bound.
    waiting = unclaimed.paid_with(session, email, locked=True)
    session.get(User, user_id, with_for_update={"key_share": True})
    sends.refuse_early(session, email, now=now, back="/claim")
    limits.knock(session, ASKS, account=str(user_id), now=now, back="/claim")
    limits.knock(session, signup.ASKS, account=email, now=now, back="/claim")
    purpose = personal.purpose(Act.CLAIM, user_id)
    challenge = challenges.issue(session, email, purpose, now=now)
    if waiting:
        personal.send(session, challenge, LETTER, "claim of a payment", now=now, user_id=user_id)
    else:
        session.add(_unsent(challenge, now))
    journal.record(session, "billing.claim_asked", user_id=user_id, paid_with=email)


def enter(
    session: Session, user_id: int, email: str, code: str, *, now: datetime, billing_now: datetime
) -> int | Wrong | Gone:
    """How many payments the code has brought to this member. The caller commits either way."""
    purpose = personal.purpose(Act.CLAIM, user_id)
    proof = challenges.check(session, email, purpose, code, now=now)
    if not isinstance(proof, Proven):
        return proof
    return bindings.claim(session, user_id, email, now=billing_now)


def _unsent(challenge: Challenge, now: datetime) -> CodeSend:
    """Counts like one that was sent: who asks must not see the difference."""
    return CodeSend(
        challenge_id=challenge.id,
        email=challenge.email,
        channel=Channel.SMTP,
        state=SendState.NOT_NEEDED,
        reason="nothing to claim at this address: not sent",
        created_at=now,
    )
