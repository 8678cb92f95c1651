"""A reader without an account is forgotten: here at once, at MailerLite as soon as it answers."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership import config, journal, keyed, outbox, retention
from membership.newsletter import consents, leaving, subscribers
from membership.newsletter.models import Subscriber
from membership.newsletter.readers import moving

LETTER = "reader_forgotten"
HISTORY = (
    "That somebody was here, and when: the site’s history keeps its lines, without an address or "
    "where they came from, so that what was done on the site can still be checked."
)


class HasAccount(Exception):
    """Whoever has an account says goodbye to that."""


@dataclass(frozen=True)
class Kept:
    """`list_to_tell`: whether MailerLite has yet to forget them. `consent`: whether it is kept, as
    a digest, that they had agreed."""

    list_to_tell: bool
    consent: bool


def erase(session: Session, reader: Subscriber, *, now: datetime) -> Kept:
    """Nothing that is here says their address any more, nor one that they had before. Raises
    HasAccount."""
    if reader.has_account:
        raise HasAccount(reader.email)
    email, subject = reader.email, reader.mailerlite_id
    emails = {email} | _before(session, reader)
    left = leaving.forget(session, emails, [moving.purpose(reader)], stays=None, now=now)
    outbox.forget(session, emails)
    retention.forget(session, [subject] if subject else [], emails, now=now)
    journal.forget_address(session, emails, person=_somebody(reader))
    kept = Kept(list_to_tell=left.list_to_tell, consent=left.consent)
    outbox.send_later(session, LETTER, email, **asdict(kept))
    return kept


def sentences(kept: Kept) -> list[str]:
    """What stays, and why."""
    found = [HISTORY]
    if kept.consent:
        found.append(leaving.EVIDENCE)
    if kept.list_to_tell:
        found.append(
            "Your address, until MailerLite, who sends our newsletter, has taken it off its list "
            "and forgotten it. That usually takes a minute here, and up to thirty days there."
        )
    return found


def _before(session: Session, reader: Subscriber) -> set[str]:
    """Addresses that they had before, and that nobody else has now."""
    before = consents.addresses_before(session, reader.email)
    before |= {reader.moved_from} if reader.moved_from else set()
    return {email for email in before if subscribers.find(session, email) is None}


def _somebody(reader: Subscriber) -> str:
    """Tells the journal's lines of one who left from those of another, and says no more."""
    about = f"reader {reader.id}\n{reader.created_at.isoformat()}"
    return keyed.digest(config.current().secret_key, "somebody who left", about).hex()[:16]
