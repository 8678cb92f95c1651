"""A reader without an account moves to another address: proven by a code sent there."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import journal, limits, outbox
from membership.newsletter import (
    consents,
    leaving,
    moving,
    reader_links,
    signup,
    subscribers,
    wording,
)
from membership.newsletter.codes import challenges, personal, sends
from membership.newsletter.codes.challenges import Gone, Proven, Wrong
from membership.newsletter.consents import Place, Proof
from membership.newsletter.models import Subscriber

CODE, MOVED = "reader_code", "reader_moved"


def ask(session: Session, reader: Subscriber, new: str, *, now: datetime) -> None:
    """Send the new address a code. Raises TooSoon."""
    sends.refuse_early(session, new, now=now)
    limits.knock(session, signup.ASKS, account=new, now=now)
    challenge = challenges.issue(session, new, purpose(reader), now=now)
    personal.send(session, challenge, CODE, "a reader moves", now=now, reader_id=reader.id)


def enter(
    session: Session, reader: Subscriber, new: str, code: str, *, now: datetime
) -> Proven | Wrong | Gone:
    """With the right code the letters go to the new address, and the old one is told. The caller
    commits whatever comes back."""
    proof = challenges.check(session, new, purpose(reader), code, now=now)
    if not isinstance(proof, Proven):
        return proof
    arrive(session, reader, new, now=now)
    return proof


def arrive(session: Session, reader: Subscriber, new: str, *, now: datetime) -> None:
    """They are at the new address, which is proven; the old one is told."""
    was, wanted = reader.email, reader.wants_letters
    if there := subscribers.find(session, new):
        subscribers.come_back(there, now=now)
        _join_with(session, was, new, wanted=wanted, now=now)
    else:
        moving.move(session, was, new, now=now)
    reader_links.forget(session, {was, new})
    outbox.send_later(session, MOVED, was)
    journal.record(session, "newsletter.address_changed", email=new)


def _join_with(session: Session, was: str, new: str, *, wanted: bool, now: datetime) -> None:
    """The new address has a row of its own, of a reader or a member: that one stays."""
    consents.moved(session, was, new, now=now)
    if wanted:
        subscribers.want_letters(session, new, now)
        consents.agreed(session, new, Place.NEWSLETTER, wording.AGAIN, Proof.CODE, now=now)
    leaving.forget(session, {was}, [], stays=None, now=now)


def purpose(reader: Subscriber) -> str:
    """Of the challenge: by it the code is this reader's."""
    return f"reader-{reader.id}"
