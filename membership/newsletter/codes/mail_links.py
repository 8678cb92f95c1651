"""The link beside the code in our mail: it does what the code does, once, and no more.

It names its challenge and is signed for it, so nothing of it is stored, and no code is in it. Who
asks for the page, as programs that look through mail do, spends nothing.
"""

import hmac
from datetime import datetime

from sqlalchemy.orm import Session

from membership import config, keyed
from membership.newsletter.codes import challenges
from membership.newsletter.models import Challenge

_BYTES = 16  # of the signature: more than anybody can try in half an hour


def token_of(challenge: Challenge) -> str:
    return f"{challenge.id}.{_signature(config.current().secret_key, challenge)}"


def holder(session: Session, token: str, *, now: datetime) -> Challenge | None:
    """The challenge of this link, while it can be used."""
    number, _, given = token.partition(".")
    if not (number.isascii() and number.isdecimal()) or len(number) > 18:
        return None
    challenge = session.get(Challenge, int(number), populate_existing=True)
    if challenge is None or challenge.purpose != challenges.JOIN or challenge.decoy:
        return None
    signed = any(
        hmac.compare_digest(given.encode(errors="replace"), _signature(key, challenge).encode())
        for key in config.current().keys
    )
    return challenge if signed and challenges.usable(challenge, now) else None


def _signature(secret_key: str, challenge: Challenge) -> str:
    text = f"{challenge.id}\n{challenge.email}\n{challenge.nonce}"
    digest = keyed.digest(secret_key, "link beside a code", text)
    return keyed.in_address(digest[:_BYTES])
