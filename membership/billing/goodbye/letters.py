"""The receipt of a goodbye: what is kept, and why."""

from flask import render_template

from membership import config
from membership.billing.goodbye import kept
from membership.billing.goodbye.kept import Receipt
from membership.outbox import Mail, OutboxMessage


def goodbye(message: OutboxMessage) -> Mail:
    """params: a Receipt's."""
    what = kept.sentences(Receipt(**message.params))
    return Mail(
        f"Your account at {config.current().site_name} is closed",
        render_template("billing/email/goodbye.txt", kept=what),
        render_template("billing/email/goodbye.html", kept=what),
    )
