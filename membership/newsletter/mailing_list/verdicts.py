"""One look at a MailerLite account, and what a check says of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from membership.config import Config
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import Group, MailerLite

SHOWN = "docs/mailerlite.md"


class State(StrEnum):
    WELL = "well"
    WRONG = "wrong"
    LEFT_OUT = "left out"  # it does not matter here, or cannot be seen now


@dataclass(frozen=True)
class Verdict:
    """How it is, and what to do where that is wrong, each in a sentence or a few."""

    state: State
    what: str
    do: str = ""


class Account:
    """One look at the account."""

    def __init__(self, settings: Config, now: datetime) -> None:
        self.settings = settings
        self.now = now

    @property
    def client(self) -> MailerLite:
        """Raises NotSetUp."""
        return mailerlite.onlooker()

    @cached_property
    def groups(self) -> list[Group]:
        """Raises MailerLiteError."""
        return self.client.groups()


def well(what: str) -> Verdict:
    return Verdict(State.WELL, what)


def left_out(what: str) -> Verdict:
    return Verdict(State.LEFT_OUT, what)


def wrong(what: str, do: str, anchor: str = "") -> Verdict:
    return Verdict(State.WRONG, what, f"{do} See {SHOWN}#{anchor}." if anchor else do)
