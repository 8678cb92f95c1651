"""Ids that Stripe and MailerLite give. They are opaque; this only keeps out what none can be."""

import re

_PLAUSIBLE = re.compile(r"[A-Za-z0-9_.:-]{1,255}")


def plausible(value: object) -> bool:
    """ASCII letters, digits and _-.: and not too long: safe to store and to look for."""
    return isinstance(value, str) and _PLAUSIBLE.fullmatch(value) is not None
