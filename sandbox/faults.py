"""What is wrong with Stripe or MailerLite at the moment; None is nothing."""

import time
from dataclasses import dataclass

STRIPE = ("down", "slow", "limit")
MAILERLITE = ("down", "slow", "limit", "refuse")


@dataclass
class Faults:
    """`slowness` is how many seconds a slow one takes before it answers."""

    stripe: str | None = None
    mailerlite: str | None = None
    slowness: float = 15.0

    def dawdle(self) -> None:
        time.sleep(self.slowness)
