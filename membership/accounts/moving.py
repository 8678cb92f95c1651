"""A member moves to another address: proven by a code sent there, and taken back from the old one.

Whether the new address has an account already is told to nobody but its owner, by mail.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import config, journal, keyed, limits, outbox
from membership.accounts import registration, sessions
from membership.accounts.address_changes import AddressChange
from membership.accounts.models import PasswordReset, User
from membership.db import changed
from membership.newsletter import moving as letters
from membership.newsletter import signup
from membership.newsletter.codes import challenges, personal, sends
from membership.newsletter.codes.challenges import Gone, Proven, Wrong
from membership.newsletter.codes.personal import Act

CODE, TAKEN = "address_code", "address_taken"
ASKED, CHANGED, UNDONE = "address_asked", "address_changed", "address_undone"
UNDO_FOR = timedelta(days=7)


class NoWayBack(Exception):
    """The address that was left is another account's by now."""


def ask(session: Session, user_id: int, new: str, *, now: datetime, again: bool = False) -> None:
    """Send the new address a code, or word that it has an account; the old one is told that it was
    asked for, unless this is `again`. Raises TooSoon.
    """
    user = session.get_one(User, user_id, with_for_update=True)  # asks at once come one by one
    sends.refuse_early(session, new, now=now)
    limits.knock(session, signup.ASKS, account=new, now=now)
    challenge = challenges.issue(session, new, personal.purpose(Act.ADDRESS, user_id), now=now)
    taken = registration.find(session, new) is not None
    letter = TAKEN if taken else CODE
    personal.send(session, challenge, letter, "change of address", now=now, user_id=user_id)
    if not again:
        outbox.send_later(session, ASKED, user.email, user_id=user_id)
        journal.record(session, "account.address_asked", user_id=user_id, email=user.email)


def enter(
    session: Session, user_id: int, new: str, code: str, *, now: datetime, billing_now: datetime
) -> AddressChange | Wrong | Gone:
    """With the right code the member is at the new address. The caller commits either way."""
    purpose = personal.purpose(Act.ADDRESS, user_id)
    proof = challenges.check(session, new, purpose, code, now=now)
    if not isinstance(proof, Proven):
        return proof
    user = session.get_one(User, user_id, with_for_update=True)
    was = user.email
    if not _renamed(session, user, new):
        return Gone()
    change = AddressChange(
        user_id=user_id,
        was=was,
        became=new,
        at=billing_now,
        undo_until=now + UNDO_FOR,
        due_at=now,
    )
    session.add(change)
    session.flush()
    _forget_link(session, user_id)
    letters.move(session, was, new, now=now)
    outbox.send_later(session, CHANGED, was, change_id=change.id)
    journal.record(session, "account.address_changed", user_id=user_id, email=new)
    return change


def undo(session: Session, change: AddressChange, *, now: datetime) -> User:
    """Back to the address that was left, as if the account had been stolen: every session ends, and
    the password opens nothing any more. Later changes fall with this one. Raises NoWayBack.
    """
    user = session.get_one(User, change.user_id, with_for_update=True)
    left = user.email
    if left != change.was and not _renamed(session, user, change.was):
        raise NoWayBack
    user.password_hash = None
    _forget_link(session, user.id)
    sessions.end_all(session, user.id, now=now)
    later = AddressChange.user_id == user.id, AddressChange.id >= change.id
    for each in session.scalars(select(AddressChange).where(*later)):
        each.undone_at = each.undone_at or now
    change.due_at, change.attempts = now, 0
    letters.move(session, left, change.was, now=now)
    outbox.send_later(session, UNDONE, left)
    journal.record(session, "account.address_undone", user_id=user.id, email=change.was)
    return user


def undo_token(change: AddressChange) -> str:
    """What the link in the notice ends with."""
    return f"{change.id}.{_signature(change, config.current().secret_key)}"


def undoable(session: Session, token: str, *, now: datetime) -> AddressChange | None:
    """The change that this link takes back; None once it is too late, or has been done."""
    number, _, signature = token.partition(".")
    change = session.get(AddressChange, int(number)) if _is_number(number) else None
    if change is None or not _signed(change, signature):
        return None
    return change if change.undone_at is None and change.undo_until > now else None


def _renamed(session: Session, user: User, email: str) -> bool:
    """Whether the account has this address now; not when it is another one's."""
    try:
        with session.begin_nested():
            user.email = email
    except IntegrityError:
        return False
    return True


def _forget_link(session: Session, user_id: int) -> None:
    """A link for a new password that was mailed to the address before."""
    changed(session, delete(PasswordReset).where(PasswordReset.user_id == user_id))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _signed(change: AddressChange, signature: str) -> bool:
    ours = [_signature(change, key) for key in config.current().keys]
    return any(hmac.compare_digest(each.encode(), signature.encode()) for each in ours)


def _signature(change: AddressChange, key: str) -> str:
    about = f"{change.id}\n{change.user_id}\n{change.was}\n{change.at.isoformat()}"
    return keyed.digest(key, "undo a change of address", about).hex()[:32]
