"""What happened, append-only: for explanations, for the security log, for the owner's audit.

Nothing secret goes in: no code, password, token or key.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import g, has_request_context, request
from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock
from membership.db import Model

TYPED = ("because", "paid_with")  # details that somebody wrote


class Entry(Model):
    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    ip: Mapped[str | None]
    detail: Mapped[dict[str, Any]]


def record(
    session: Session,
    kind: str,
    *,
    user_id: int | None = None,
    email: str | None = None,
    **detail: Any,
) -> None:
    """Add one line about a person; it is committed, or not, with what it tells of."""
    session.add(
        Entry(
            at=clock.billing_now(),
            kind=kind,
            user_id=user_id,
            email=email,
            ip=_place(user_id),
            detail=detail,
        )
    )


def at_the_desk(owner: int) -> None:
    """This request is this owner's: lines about others do not say where it came from, because the
    person whom a line is about reads it."""
    g.owner_at_desk = owner


def _place(user_id: int | None) -> str | None:
    if not has_request_context():
        return None
    return request.remote_addr if g.get("owner_at_desk", user_id) == user_id else None


def forget(
    session: Session, user_id: int, emails: Iterable[str], name: str | None, *, person: str
) -> None:
    """The lines about somebody who left stay, for the owner's audit, and name nobody: `person` only
    tells them from those of others. What others' lines say of them, and that it was them who did it
    at the desk, goes too."""
    addresses = list(emails)
    theirs = or_(Entry.user_id == user_id, Entry.email.in_(addresses))
    mentions = [cast(Entry.detail, String).contains(each, autoescape=True) for each in addresses]
    mentions.append(cast(Entry.detail, String).contains(f'"by": {user_id}'))
    for entry in session.scalars(select(Entry).where(or_(theirs, *mentions))):
        if entry.user_id == user_id or entry.email in addresses:
            entry.user_id = entry.email = entry.ip = None
            told = {key: value for key, value in entry.detail.items() if key not in TYPED}
            entry.detail = {**_without([*addresses, name], told), "person": person}
        else:
            entry.detail = _without(addresses, entry.detail)
        if entry.detail.get("by") == user_id:
            entry.detail = {**entry.detail, "by": person, "by_ip": None}
    session.flush()


def forget_address(session: Session, emails: Iterable[str], *, person: str) -> None:
    """The same for a reader who has no account, and had none: what was done by a member who once
    had one of these addresses is that member's."""
    addresses = list(emails)
    nobodys = Entry.user_id.is_(None), Entry.email.in_(addresses)
    for entry in session.scalars(select(Entry).where(*nobodys)):
        entry.email = entry.ip = None
        entry.detail = {**_without(addresses, entry.detail), "person": person}
    session.flush()


def _without(words: Iterable[str | None], detail: dict[str, Any]) -> dict[str, Any]:
    """The same less what says one of these."""
    said = [re.compile(rf"(?<![\w.+-]){re.escape(word)}(?![\w-])") for word in words if word]
    return {
        key: value
        for key, value in detail.items()
        if not any(word.search(str(value)) for word in said)
    }
