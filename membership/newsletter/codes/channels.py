"""Which way a code goes first, and which way when that one fails: pure rules, and their reasons."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    MAILERLITE = "mailerlite"
    SMTP = "smtp"


@dataclass(frozen=True)
class Facts:
    """What is known of an address when a code is to go there.

    `for_newsletter` is false for codes that have nothing to do with the list, and for members:
    nobody is put on a list they did not ask for. `mailed_today` says that MailerLite mailed this
    address a code in the last 24 hours: its automations run once a day per person, so a second
    one would silently be nothing. `listed_as` is MailerLite's status of the address, None when it
    has told us none. `resend`: the visitor did not get the first one.
    """

    delivery: str
    configured: bool
    for_newsletter: bool
    mailed_today: bool
    listed_as: str | None = None
    resend: bool = False


def first(facts: Facts) -> tuple[Channel, str]:
    """The channel for a code that was asked for and why, for the owner's eyes."""
    if not facts.for_newsletter:
        return Channel.SMTP, "not a newsletter code"
    if facts.delivery == "smtp":
        return Channel.SMTP, "CODE_DELIVERY is smtp"
    if facts.delivery == "mailerlite":
        return Channel.MAILERLITE, "CODE_DELIVERY is mailerlite"
    if why := _not_by_mailerlite(facts):
        return Channel.SMTP, why
    if facts.resend:
        return Channel.SMTP, "asked for again"
    return Channel.MAILERLITE, "newsletter sign-up"


def other(failed: Channel, facts: Facts, tried: Collection[str]) -> Channel | None:
    """The channel to try of our own accord when one has failed; None when there is none.

    Each at most once for one code, whoever asked for it there: so two that fail never take turns.
    """
    if facts.delivery != "auto" or not facts.for_newsletter:
        return None
    there = Channel.SMTP if failed is Channel.MAILERLITE else Channel.MAILERLITE
    if there in tried or (there is Channel.MAILERLITE and _not_by_mailerlite(facts)):
        return None
    return there


def _not_by_mailerlite(facts: Facts) -> str | None:
    """Why MailerLite cannot mail a code to this address just now."""
    if not facts.configured:
        return "MailerLite is not set up"
    if facts.listed_as not in (None, "active", "deleted"):
        return f"MailerLite has this address as {facts.listed_as}"
    if facts.mailed_today:
        return "MailerLite mails a person once a day"
    return None
