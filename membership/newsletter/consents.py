"""Consent kept as evidence: who agreed to which words, when, where, and by what it was proven to be
them; and who said no since. The words are kept as they stood there then.

Whoever types in an address agrees for themselves alone: each asking is a row of its own, and only
the one that is known to be the owner's is proven. What nobody proves goes after a week. Of somebody
who asks to be forgotten, what they agreed to stays for three years under a keyed digest of the
address, by which it can be found only by who knows the address: so the owner can answer "I never
asked for this".
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from flask import has_request_context, request
from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from membership import clock, config, keyed
from membership.db import Model, changed, db, transaction
from membership.newsletter.models import Challenge

UNPROVEN_FOR = timedelta(days=7)  # then the agreement goes, and the address from the list
KEPT_FOR = timedelta(days=3 * 365)  # after somebody was forgotten
AT_ONCE = 500  # rows of one transaction


class Act(StrEnum):
    AGREED = "agreed"
    WITHDREW = "withdrew"
    CAME_BACK = "came back"  # at MailerLite, which does not say to which words
    MOVED = "moved"


class Place(StrEnum):
    """Where it was said."""

    HOME = "home page"
    SUBSCRIBE = "subscribe page"
    JOIN = "join page"
    ACCOUNT = "account page"
    NEWSLETTER = "newsletter page"
    MAILERLITE = "MailerLite"


class Proof(StrEnum):
    """By what we know that it was the address's owner."""

    CODE = "code"
    LINK = "link in a mail"
    SIGNED_IN = "signed in"


class Words(Model):
    """A text that people agreed to, once, by what it says."""

    __tablename__ = "consent_words"
    id: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of the text
    text: Mapped[str]
    since: Mapped[datetime]


class Consent(Model):
    """One thing that was said about the letters to an address. `at` is when; `proven_at` when it
    was known to be its owner who said so, `challenge_id` the code that proved it.

    `digest` stands in the place of `email` when its owner was forgotten; `was` is the address
    before, of somebody who moved; after `expires_at` the row goes.
    """

    __tablename__ = "consents"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(index=True)
    digest: Mapped[str | None] = mapped_column(index=True)
    act: Mapped[Act]
    place: Mapped[Place | None]
    words_id: Mapped[str | None] = mapped_column(ForeignKey("consent_words.id"))
    words: Mapped[Words | None] = relationship(lazy="joined")
    at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    proof: Mapped[Proof | None]
    challenge_id: Mapped[int | None]
    ip: Mapped[str | None]
    was: Mapped[str | None] = mapped_column(index=True)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def agreed_to(self) -> str | None:
        return self.words.text if self.words else None


def asked(
    session: Session,
    email: str,
    place: Place,
    words: str,
    *,
    asking: str | None = None,
    now: datetime,
) -> str:
    """Somebody agreed to these words with this address. Counts once its owner is known to be them.

    Returns the name of the asking, for their browser to keep; an `asking` of the same browser that
    nobody has proven is changed, and no other.
    """
    row = _asking(session, email, asking) or Consent(email=email, act=Act.AGREED)
    row.place, row.words_id, row.at = place, _kept(session, words, now), now
    row.ip, row.expires_at = _place_on_the_net(), now + UNPROVEN_FOR
    session.add(row)
    session.flush()
    return f"{row.id} {now.isoformat()}"  # of a row that went the number is given out again


def proven(session: Session, challenge: Challenge, *, asking: str | None, now: datetime) -> None:
    """The code, or the link beside it, was used by the owner of the address: in the browser of this
    `asking`, if it is one of theirs. Else by whom it was made for, as far as anybody can tell."""
    row = _asking(session, challenge.email, asking) or _answered_by(session, challenge)
    if row:
        row.proven_at, row.proof, row.expires_at = now, Proof.CODE, None
        row.challenge_id = challenge.id
        session.flush()


def agreed(
    session: Session, email: str, place: Place, words: str, proof: Proof, *, now: datetime
) -> None:
    """Whoever is known to be the owner of the address agreed to these words."""
    row = Consent(
        email=email,
        act=Act.AGREED,
        place=place,
        words_id=_kept(session, words, now),
        at=now,
        proven_at=now,
        proof=proof,
        challenge_id=_last_spent(session, email) if proof is Proof.CODE else None,
        ip=_place_on_the_net(),
    )
    session.add(row)
    session.flush()


def withdrew(session: Session, email: str, place: Place, *, now: datetime) -> None:
    """No more letters, they said."""
    row = Consent(email=email, act=Act.WITHDREW, place=place, at=now, ip=_place_on_the_net())
    session.add(row)
    session.flush()


def came_back(session: Session, email: str, *, now: datetime) -> None:
    """They subscribed again at MailerLite, on a page that is not ours."""
    row = Consent(email=email, act=Act.CAME_BACK, place=Place.MAILERLITE, at=now)
    session.add(row)
    session.flush()


def moved(session: Session, was: str, became: str, *, now: datetime) -> None:
    """What was agreed to with one address goes for the other, which its owner has proven."""
    changed(session, update(Consent).where(Consent.email == was).values(email=became))
    session.add(Consent(email=became, act=Act.MOVED, was=was, at=now))
    session.flush()


def addresses_before(session: Session, email: str) -> set[str]:
    """Those that a reader had before this one."""
    before = select(Consent.was).where(Consent.email == email, Consent.was.is_not(None))
    return {was for was in session.scalars(before) if was is not None and was != email}


def of(session: Session, email: str) -> Sequence[Consent]:
    """All that is known of this address, the oldest first; also of somebody who was forgotten."""
    digests = [_digest(key, email) for key in config.current().keys]
    theirs = or_(Consent.email == email, Consent.digest.in_(digests))
    return session.scalars(select(Consent).where(theirs).order_by(Consent.at, Consent.id)).all()


def forget(session: Session, emails: Iterable[str], *, now: datetime) -> bool:
    """No address is left, nor where on the net anybody was. Whether something has to be kept."""
    addresses = list(emails)
    theirs = or_(Consent.email.in_(addresses), Consent.was.in_(addresses))
    changed(session, delete(Consent).where(theirs, or_(*_SAYS_NOTHING)))
    kept = session.scalars(select(Consent).where(theirs)).all()
    for row in kept:
        row.digest = _digest(config.current().secret_key, row.email or "")
        row.email = row.ip = row.challenge_id = None
        row.expires_at = now + KEPT_FOR
    session.flush()
    return bool(kept)


def drain() -> None:
    """Delete what nobody has proven in time, and what was kept long enough."""
    while _delete_some():
        pass


_UNPROVEN = Consent.act == Act.AGREED, Consent.proven_at.is_(None), Consent.email.is_not(None)
# Of somebody to be forgotten: that they moved, and what was never known to be them.
_SAYS_NOTHING = (
    Consent.act == Act.MOVED,
    (Consent.act == Act.AGREED) & Consent.proven_at.is_(None),
)


def _asking(session: Session, email: str, name: str | None) -> Consent | None:
    """The one of this name, while nobody has proven it."""
    if name is None:
        return None
    number, _, at = name.partition(" ")
    named = Consent.id == int(number), Consent.at == datetime.fromisoformat(at)
    theirs = select(Consent).where(*named, Consent.email == email, *_UNPROVEN)
    return session.scalars(theirs.with_for_update(of=Consent)).first()


def _answered_by(session: Session, challenge: Challenge) -> Consent | None:
    """For whom the code was made: who asked first since then. One that was only sent again was made
    for who had asked last before."""
    waiting = select(Consent).where(Consent.email == challenge.email, *_UNPROVEN)
    in_turn = waiting.order_by(Consent.at, Consent.id).with_for_update(of=Consent)
    rows = session.scalars(in_turn).all()
    since = [row for row in rows if row.at >= challenge.created_at]
    return next(iter([*since, *rows[::-1]]), None)


def _last_spent(session: Session, email: str) -> int | None:
    spent = select(Challenge.id).where(Challenge.email == email, Challenge.spent_at.is_not(None))
    return session.scalars(spent.order_by(Challenge.id.desc()).limit(1)).first()


def _delete_some() -> bool:
    over = select(Consent.id).where(Consent.expires_at <= clock.now()).limit(AT_ONCE)
    ids = db.session.scalars(over).all()
    if not ids:
        return False
    with transaction() as session:
        still = Consent.expires_at <= clock.now()  # it may be proven at this very moment
        changed(session, delete(Consent).where(Consent.id.in_(ids), still))
    return True


def _kept(session: Session, text: str, now: datetime) -> str:
    """The id of this text, kept from now on if it was not."""
    id_ = sha256(text.encode()).hexdigest()
    if session.get(Words, id_) is None:
        try:
            with session.begin_nested():
                session.add(Words(id=id_, text=text, since=now))
        except IntegrityError:
            pass  # another visitor was the first to agree to it
    return id_


def _place_on_the_net() -> str | None:
    return request.remote_addr if has_request_context() else None


def _digest(secret_key: str, email: str) -> str:
    return keyed.digest(secret_key, "a consent that was given", email).hex()
