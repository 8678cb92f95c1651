"""Mails about a change of address: to the new one, and to the one that is left."""

from membership import clock, config, links, outbox
from membership.accounts import moving, registration
from membership.accounts.address_changes import AddressChange
from membership.accounts.models import User
from membership.db import db
from membership.newsletter.codes import emails
from membership.outbox import Mail, OutboxMessage


def code(message: OutboxMessage) -> Mail | None:
    """The code that proves the new address. params: challenge_id, user_id. None when it cannot be
    used any more, or whoever asked has left."""
    return emails.for_one(
        message,
        db.session.get(User, message.params["user_id"]),
        text="accounts/email/address_code.txt",
        html="accounts/email/address_code.html",
    )


def taken(message: OutboxMessage) -> Mail | None:
    """To the owner of an address that another account was to be moved to. None when there is no
    account at it any more."""
    if registration.find(db.session(), message.recipient) is None:
        return None
    return outbox.draw(
        f"You have an account at {config.current().site_name} already",
        text="accounts/email/address_taken.txt",
        html="accounts/email/address_taken.html",
        login_url=links.whole("accounts.login"),
    )


def asked(message: OutboxMessage) -> Mail | None:
    """To the address that may be left. params: user_id. None when it has been left already."""
    user = db.session.get(User, message.params["user_id"])
    if user is None or user.email != message.recipient:
        return None
    return outbox.draw(
        f"Your address at {config.current().site_name} is to be changed",
        text="accounts/email/address_asked.txt",
        html="accounts/email/address_asked.html",
        account_url=links.whole("dashboard.account"),
    )


def changed(message: OutboxMessage) -> Mail | None:
    """To the address that was left, with the way back. params: change_id. None when there is none
    any more."""
    change = db.session.get(AddressChange, message.params["change_id"])
    token = moving.undo_token(change) if change else ""
    if change is None or moving.undoable(db.session(), token, now=clock.now()) is None:
        return None
    return outbox.draw(
        f"Your address at {config.current().site_name} was changed",
        text="accounts/email/address_changed.txt",
        html="accounts/email/address_changed.html",
        became=change.became,
        days=moving.UNDO_FOR.days,
        undo_url=links.whole("address.undo_page", token=token),
    )


def undone(_: OutboxMessage) -> Mail:
    """To the address that was to be the new one."""
    return outbox.draw(
        f"Your address at {config.current().site_name} was changed back",
        text="accounts/email/address_undone.txt",
        html="accounts/email/address_undone.html",
    )
