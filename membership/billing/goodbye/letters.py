"""The receipt of a goodbye: what is kept, and why."""

from membership import config, outbox
from membership.billing.goodbye import kept
from membership.billing.goodbye.kept import Receipt
from membership.outbox import Mail, OutboxMessage


def goodbye(message: OutboxMessage) -> Mail:
    """params: a Receipt's."""
    what = kept.sentences(Receipt(**message.params))
    return outbox.draw(
        f"Your account at {config.current().site_name} is closed",
        text="billing/email/goodbye.txt",
        html="billing/email/goodbye.html",
        kept=what,
    )
