"""Letters, or no letters, said by somebody who is known to be the address's owner."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.newsletter import consents, subscribers, wording
from membership.newsletter.consents import Place, Proof


def start(
    session: Session,
    email: str,
    place: Place,
    proof: Proof,
    *,
    now: datetime,
) -> None:
    """Letters again, also after having unsubscribed at MailerLite."""
    if subscribers.gets_letters(session, email):
        return
    subscribers.want_letters(session, email, now)
    consents.agreed(session, email, place, wording.AGAIN, proof, now=now)


def stop(session: Session, email: str, place: Place, *, now: datetime) -> None:
    """No more of them; nothing else changes."""
    reader = subscribers.find(session, email)
    if reader is None or not reader.wants_letters:
        return
    subscribers.stop_letters(session, email, now)
    consents.withdrew(session, email, place, now=now)
