"""Mails about payments whose member is looked for."""

from membership import config, links, outbox
from membership.accounts import registration
from membership.accounts.models import User
from membership.billing import unclaimed
from membership.billing.claiming import way_in
from membership.db import db
from membership.newsletter.codes import emails
from membership.outbox import Mail, OutboxMessage


def paid_first(message: OutboxMessage) -> Mail | None:
    """The way in for somebody who paid before having an account. params: key. None when the
    payment has found its member, or the payer has joined."""
    session = db.session()
    payment = unclaimed.find(session, message.params["key"])
    if payment is None or registration.find(session, message.recipient):
        return None
    settings = config.current()
    token = way_in.make(settings.secret_key, payment.key)
    return outbox.draw(
        f"Your payment to {settings.site_name}: one step to open it",
        text="billing/email/paid_first.txt",
        html="billing/email/paid_first.html",
        email=message.recipient,
        way_in_url=links.whole("claim.way_in_page", token=token),
        claim_url=links.whole("claim.page"),
    )


def claim_code(message: OutboxMessage) -> Mail | None:
    """The code that proves a paying address. params: challenge_id, user_id. None when the code
    cannot be used any more, or whoever asked has left."""
    return emails.for_one(
        message,
        db.session.get(User, message.params["user_id"]),
        text="billing/email/claim_code.txt",
        html="billing/email/claim_code.html",
        paid_with=message.recipient,
    )
