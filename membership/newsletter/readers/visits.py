"""Whose page a browser may see for a while, after a link from a mail: in the signed cookie."""

from datetime import datetime, timedelta

from flask import session

OPEN_FOR = timedelta(minutes=30)
_READER, _NEW, _ASKED = "reader", "reader_new", "reader_asked"


def begin(email: str, *, now: datetime) -> None:
    forget()
    session[_READER] = {"email": email, "at": now.isoformat()}


def address(*, now: datetime) -> str | None:
    """The address whose mail this browser read in the last half hour."""
    reader = session.get(_READER)
    if not reader or now - datetime.fromisoformat(reader["at"]) > OPEN_FOR:
        return None
    return str(reader["email"])


def forget() -> None:
    for name in (_READER, _NEW, _ASKED):
        session.pop(name, None)


def remember_asked(email: str) -> None:
    """The address that a link was asked for."""
    session[_ASKED] = email


def asked_for() -> str | None:
    email: str | None = session.get(_ASKED)
    return email


def remember_new(email: str) -> None:
    """The address that they want to move to."""
    session[_NEW] = email


def new_address() -> str | None:
    email: str | None = session.get(_NEW)
    return email


def forget_new() -> None:
    session.pop(_NEW, None)
