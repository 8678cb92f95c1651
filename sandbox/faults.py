"""What goes wrong on purpose: with Stripe's API, with MailerLite's, with webhooks and with mail.

Everything is None, 0 or False as long as all is well. A share is from 0 (never) to 1 (always), and
is thrown anew for each call or delivery by one random generator, which `Sandbox.seed_random` makes
repeatable.
"""

import random
import time
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase

STRIPE = ("down", "slow", "limit")
MAILERLITE = (
    "down",
    "slow",
    "limit",
    "refuse",
    "bare",
    "error",
    "gateway",
    "hang",
    "unauthorized",
    "forbidden",
    "missing",
)
LONGEST_HANG = 120.0  # seconds after which whatever stands before an API gives up


@dataclass
class WebhookFaults:
    """What happens to webhooks between their senders and the application.

    `twice`, `lost`, `late`: shares of the deliveries that are sent a second time, that are never
    sent, and that leave only after `late_seconds` of real time.
    `shuffled`: they arrive in any order.
    `twins`: the share of Stripe's facts that are told by two events with ids of their own.
    `two_signatures`: Stripe signs with two secrets, as while one is being replaced.
    `old_timestamp`: the share of Stripe's attempts that are signed an hour ago; each is refused by
    a receiver that looks, and tried again.
    `wrong_secret`: the share of Stripe's attempts that are signed with a secret nobody was told.
    """

    twice: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    late_seconds: float = 30.0
    shuffled: bool = False
    twins: float = 0.0
    two_signatures: bool = False
    old_timestamp: float = 0.0
    wrong_secret: float = 0.0

    def __setattr__(self, name: str, value: float) -> None:
        """Raises ValueError for what cannot be meant."""
        known = {each.name: each.default for each in fields(self)}
        if name not in known:
            raise AttributeError(f"there is no fault {name!r} of webhooks")
        if isinstance(known[name], bool):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is true or false, not {value!r}")
        else:
            value = seconds(name, value) if name == "late_seconds" else share(name, value)
        super().__setattr__(name, value)


@dataclass
class Faults:
    """`slowness` is how many seconds a slow API takes before it answers, `mail_refused` the share
    of mails that the mail server does not take just now, `mailerlite_only` a pattern of the calls
    that MailerLite's fault strikes ("POST campaigns/*/schedule")."""

    stripe: str | None = None
    stripe_share: float = 1.0
    mailerlite: str | None = None
    mailerlite_share: float = 1.0
    mailerlite_only: str | None = None
    slowness: float = 15.0
    mail_refused: float = 0.0
    webhooks: WebhookFaults = field(default_factory=WebhookFaults)
    chance: random.Random = field(default_factory=random.Random)

    def of_stripe(self) -> str | None:
        """What is wrong with this one call."""
        return self.stripe if self.happens(self.stripe_share) else None

    def of_mailerlite(self, call: str) -> str | None:
        """The same there; `call` is a method and a path below `api/`."""
        if self.mailerlite_only and not fnmatchcase(call, self.mailerlite_only):
            return None
        return self.mailerlite if self.happens(self.mailerlite_share) else None

    def happens(self, share: float) -> bool:
        return share >= 1 or (share > 0 and self.chance.random() < share)

    def dawdle(self) -> None:
        time.sleep(self.slowness)

    def hang(self) -> None:
        """Until MailerLite no longer hangs; nobody waits for as long as that."""
        over = time.monotonic() + LONGEST_HANG
        while self.mailerlite == "hang" and time.monotonic() < over:
            time.sleep(0.02)


def share(name: str, value: float) -> float:
    if isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError(f"{name} is a share from 0 to 1, not {value!r}")
    return float(value)


def seconds(name: str, value: float) -> float:
    """Up to a day."""
    if isinstance(value, bool) or not 0 <= value <= 86_400:
        raise ValueError(f"{name} is a number of seconds up to 86400, not {value!r}")
    return float(value)


def one_of(name: str, value: str | None, known: tuple[str, ...]) -> str | None:
    if value is not None and value not in known:
        raise ValueError(f"there is no {name} {value!r}; there is {', '.join(known)}")
    return value
