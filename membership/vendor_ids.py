"""Ids that Stripe and MailerLite give. They are opaque; this only keeps out what none can be."""

LONGEST = 255


def plausible(value: object) -> bool:
    """ASCII letters, digits and _-.: and not too long: safe to store and to look for."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST
        and value.isascii()
        and all(c.isalnum() or c in "_-.:" for c in value)
    )
