"""Mails about passwords."""

from datetime import datetime

from sqlalchemy import select

from membership import clock, config, links, outbox
from membership.accounts import registration
from membership.accounts.models import PasswordReset, User
from membership.accounts.resetting import resets
from membership.db import db
from membership.newsletter import subscribers
from membership.outbox import Mail, OutboxMessage


def password_reset(message: OutboxMessage) -> Mail | None:
    """The link. params: token_hash. None when it was used, replaced by a newer one, or too old, or
    when the account is at another address by now."""
    mine = (
        select(PasswordReset)
        .join(User, User.id == PasswordReset.user_id)
        .where(
            PasswordReset.token_hash == message.params["token_hash"],
            PasswordReset.expires_at > clock.now(),
            User.email == message.recipient,
        )
    )
    reset = db.session.scalars(mine).first()
    token = resets.token_of(reset) if reset else None
    if token is None:
        return None
    return outbox.draw(
        f"A new password for {config.current().site_name}",
        text="accounts/email/password_reset.txt",
        html="accounts/email/password_reset.html",
        email=message.recipient,
        reset_url=links.whole("reset.page", token=token),
    )


def no_account(message: OutboxMessage) -> Mail | None:
    """To whoever asked for a link, at an address whose account cannot have one. None when there is
    one by now."""
    user = registration.find(db.session(), message.recipient)
    if user and not user.disabled_at:
        return None
    return outbox.draw(
        f"Your password at {config.current().site_name}",
        text="accounts/email/no_account.txt",
        html="accounts/email/no_account.html",
        email=message.recipient,
        disabled=user is not None,
        letters=subscribers.gets_letters(db.session(), message.recipient),
        join_url=links.whole("accounts.join"),
    )


def password_changed(message: OutboxMessage) -> Mail | None:
    """That it was, and what to do if it was somebody else. params: at, device, ip."""
    told = message.params
    return outbox.draw(
        f"Your password at {config.current().site_name} was changed",
        text="accounts/email/password_changed.txt",
        html="accounts/email/password_changed.html",
        email=message.recipient,
        at=datetime.fromisoformat(told["at"]),
        device=told["device"],
        ip=told["ip"],
        forgot_url=links.whole("reset.forgot"),
    )
