"""Identifiers of the same look as the real ones: opaque, unguessable, with their prefix."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTHS = {"cs_test": 58, "cus": 14, "prod": 14, "si": 14, "req": 14, "whsec": 32}
USUAL = 24


def new(prefix: str) -> str:
    """`new("cus")` is something like `cus_Tq3…`."""
    return f"{prefix}_{letters(LENGTHS.get(prefix, USUAL))}"


def letters(length: int) -> str:
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))


def digits(length: int) -> str:
    """A decimal string that never begins with 0."""
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))
