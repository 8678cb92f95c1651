"""What a code opens: the subscription by itself, an account together with a password."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.accounts import registration
from membership.accounts.models import User
from membership.newsletter import consents, signup, subscribers, wording
from membership.newsletter.codes import challenges, mail_links
from membership.newsletter.codes.challenges import Gone, Wrong
from membership.newsletter.consents import Place, Proof


@dataclass(frozen=True)
class Confirmed:
    """The address is proven; no account was asked for."""

    email: str
    letters: bool


@dataclass(frozen=True)
class Opened:
    """There is an account now."""

    user: User


@dataclass(frozen=True)
class HasAccount:
    """The address is proven, but had an account already: its password stays as it was."""

    email: str


Outcome = Confirmed | Opened | HasAccount


def with_code(
    session: Session,
    email: str,
    code: str,
    password_hash: str | None,
    *,
    letters: bool,
    ticked: bool,
    asking: str | None,
    now: datetime,
) -> Outcome | Wrong | Gone:
    """Check the code and do what it opens, all of it or none. The caller commits either way.

    `letters`: whether the newsletter was asked for, and not only the way in. `ticked`: also by its
    box, which alone brings letters to somebody who has stopped them before.
    """
    proof = challenges.check(session, email, challenges.JOIN, code, now=now)
    if not isinstance(proof, challenges.Proven):
        return proof
    signup.confirm(
        session, email, letters=letters, challenge=proof.challenge, asking=asking, now=now
    )
    if ticked:
        subscribers.want_letters(session, email, now)
        consents.agreed(session, email, Place.JOIN, wording.BOX, Proof.CODE, now=now)
    return proven(session, email, password_hash, letters=letters, now=now)


def with_link(
    session: Session, token: str, *, asking: str | None, now: datetime
) -> Confirmed | None:
    """What the code alone does, by the link that came with it; None when it works no more."""
    challenge = mail_links.holder(session, token, now=now)
    if challenge is None or not isinstance(
        challenges.spend(session, challenge, now=now), challenges.Proven
    ):
        return None
    letters = signup.letters_by_link(session, challenge)
    signup.confirm(
        session, challenge.email, letters=letters, challenge=challenge, asking=asking, now=now
    )
    return Confirmed(challenge.email, letters)


def letters_again(session: Session, email: str, *, now: datetime) -> None:
    """Somebody who had stopped them ticked the box, when their code was right a moment ago."""
    subscribers.want_letters(session, email, now)
    consents.agreed(session, email, Place.JOIN, wording.BOX_AGAIN, Proof.CODE, now=now)


def proven(
    session: Session, email: str, password_hash: str | None, *, letters: bool, now: datetime
) -> Outcome:
    """The same for an address whose code was right a moment ago."""
    if password_hash is None:
        return Confirmed(email, letters)
    try:
        return Opened(
            registration.register(session, email, password_hash, letters=letters, now=now)
        )
    except registration.EmailTaken:
        return HasAccount(email)
