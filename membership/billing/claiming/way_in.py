"""The link in the letter to somebody who paid before joining: the payment's key, signed.

It lets its holder have a code sent to the address that paid, and nothing else.
"""

import hmac

from membership import keyed


def make(secret_key: str, key: str) -> str:
    return f"{key}.{_signature(secret_key, key)}"


def read(secret_key: str, token: str) -> str | None:
    """The key of the payment; None unless we signed it."""
    key, _, signature = token.rpartition(".")
    good = hmac.compare_digest(_signature(secret_key, key).encode(), signature.encode())
    return key if good else None


def _signature(secret_key: str, key: str) -> str:
    return keyed.digest(secret_key, "way in for a payer", key).hex()[:32]
