"""The `client_reference_id` we put on a Checkout Session: a member, signed.

A member is an id together with the second the account was opened: after a backup was restored an
id may be given out again, and an old session must not pay for somebody else.

Anyone can append one to a payment link, so an unsigned one says nothing. Letters, digits, hyphens
and underscores only, as Stripe wants it.
"""

import hmac
from datetime import datetime

from membership import keyed


def make(secret_key: str, user_id: int, opened_at: datetime) -> str:
    member = f"member-{user_id}-{int(opened_at.timestamp())}"
    return f"{member}-{_signature(secret_key, member)}"


def read(secret_key: str, reference: str | None) -> tuple[int, int] | None:
    """The member's id and the second their account was opened; None unless we signed it."""
    member, _, signature = (reference or "").rpartition("-")
    if not hmac.compare_digest(_signature(secret_key, member).encode(), signature.encode()):
        return None
    _, user_id, opened_at = member.split("-")
    return int(user_id), int(opened_at)


def _signature(secret_key: str, member: str) -> str:
    return keyed.digest(secret_key, "client_reference_id", member).hex()[:32]
