"""Digests that only this site can make. Each purpose has a key of its own, made from SECRET_KEY."""

import hmac
from hashlib import sha256


def digest(secret_key: str, purpose: str, text: str) -> bytes:
    """HMAC-SHA256 of the text, by the key of this purpose."""
    key = hmac.digest(secret_key.encode(), purpose.encode(), sha256)
    return hmac.digest(key, text.encode(), sha256)
