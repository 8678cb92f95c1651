"""Which way a code goes first: a pure rule, and its reasons."""

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    MAILERLITE = "mailerlite"
    SMTP = "smtp"


@dataclass(frozen=True)
class Facts:
    """What is known when a code is asked for.

    `for_newsletter` is false for codes that have nothing to do with the list, and for members:
    nobody is put on a list they did not ask for. `mailed_today` says that MailerLite mailed this
    address a code in the last 24 hours: its automations run once a day per person, so a second
    one would silently be nothing.
    """

    delivery: str
    configured: bool
    for_newsletter: bool
    mailed_today: bool
    resend: bool


def first(facts: Facts) -> tuple[Channel, str]:
    """The channel for this send and why, for the owner's eyes."""
    if not facts.for_newsletter:
        return Channel.SMTP, "not a newsletter code"
    if facts.delivery == "smtp":
        return Channel.SMTP, "CODE_DELIVERY is smtp"
    if facts.delivery == "mailerlite":
        return Channel.MAILERLITE, "CODE_DELIVERY is mailerlite"
    if not facts.configured:
        return Channel.SMTP, "MailerLite is not set up"
    if facts.mailed_today:
        return Channel.SMTP, "MailerLite mails a person once a day"
    if facts.resend:
        return Channel.SMTP, "asked for again"
    return Channel.MAILERLITE, "newsletter sign-up"


def may_fall_back(delivery: str) -> bool:
    """Whether mail may go by SMTP when MailerLite could not take a code."""
    return delivery != "mailerlite"
