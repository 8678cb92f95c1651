"""Digests that only this site can make. Each purpose has a key of its own, made from SECRET_KEY."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256


def digest(secret_key: str, purpose: str, text: str) -> bytes:
    """HMAC-SHA256 of the text, by the key of this purpose."""
    key = hmac.digest(secret_key.encode(), purpose.encode(), sha256)
    return hmac.digest(key, text.encode(), sha256)


def token(secret_key: str, purpose: str, text: str) -> str:
    """The same as it can stand in an address."""
    return in_address(digest(secret_key, purpose, text))


def in_address(some: bytes) -> str:
    return urlsafe_b64encode(some).decode().rstrip("=")


def hash_token(given: str) -> str:
    """What is stored of a token: whoever reads the database cannot use it. Also of what is none."""
    return sha256(given.encode(errors="replace")).hexdigest()
