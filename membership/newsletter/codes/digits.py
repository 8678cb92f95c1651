"""Verification codes: pure rules. Six digits, derived, so that a code is stored nowhere."""

import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from membership import keyed

DIGITS = 6
TRIES = 5
PER_HOUR = 5
PER_DAY = 10
RESEND_AFTER = timedelta(seconds=60)


def derive(secret_key: str, *, purpose: str, email: str, nonce: str) -> str:
    """The code of one challenge: the same for as long as the challenge lives."""
    digest = keyed.digest(secret_key, "verification code", f"{purpose}\n{email}\n{nonce}")
    return str(int.from_bytes(digest[:8]) % 10**DIGITS).zfill(DIGITS)


def matches(given: str, code: str) -> bool:
    return hmac.compare_digest(given.encode(), code.encode())


def normalise(text: str) -> str:
    """What a person typed or pasted, without the spaces and hyphens codes are written with."""
    return "".join(c for c in text if not c.isspace() and c not in "-‐‑–")


def well_formed(code: str) -> bool:
    return len(code) == DIGITS and code.isascii() and code.isdecimal()


def spaced(code: str) -> str:
    return f"{code[:3]} {code[3:]}"


def wait(sent: Iterable[datetime], *, now: datetime) -> timedelta:
    """How long until another code may be sent to an address that got codes at these times."""
    times = sorted(sent)
    free_at = [now]
    if times:
        free_at.append(times[-1] + RESEND_AFTER)
    for most, window in ((PER_HOUR, timedelta(hours=1)), (PER_DAY, timedelta(days=1))):
        recent = [t for t in times if t > now - window]
        if len(recent) >= most:
            free_at.append(recent[-most] + window)
    return max(free_at) - now
