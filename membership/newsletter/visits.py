"""What a browser remembers on its way from an address to an account: in the signed cookie."""

from datetime import datetime, timedelta

from flask import session

PROVEN_FOR = timedelta(minutes=30)
_EMAIL, _PROVEN, _NO_LETTERS, _ASKING = "join_email", "proven", "no_letters", "asked"
_UNKNOWN = "asked_elsewhere"


def begin(email: str, *, letters: bool, asking: str | None = None) -> None:
    """Somebody asked for a code here: for the newsletter, with what they agreed to in this `asking`
    (see consents.py), or only for the way in."""
    forget()
    session[_EMAIL] = email
    if not letters:
        session[_NO_LETTERS] = True
    if asking:
        session[_ASKING] = asking


def begin_again(email: str) -> None:
    """The same address, not proven (any more); what its code was asked for stays. Of another, it is
    not known here: a stranger may have typed it in."""
    if email != address():
        forget()
        session[_UNKNOWN] = True
    session[_EMAIL] = email
    session.pop(_PROVEN, None)


def prove(email: str, *, now: datetime) -> None:
    """The code was right; a password may follow."""
    session[_EMAIL] = email
    session[_PROVEN] = {"email": email, "at": now.isoformat()}


def forget() -> None:
    for name in (_EMAIL, _PROVEN, _NO_LETTERS, _ASKING, _UNKNOWN):
        session.pop(name, None)


def address() -> str | None:
    """The address that a code was asked for."""
    email: str | None = session.get(_EMAIL)
    return email


def asking() -> str | None:
    """In which somebody agreed to something here, last."""
    name: str | None = session.get(_ASKING)
    return name


def proven_address(*, now: datetime) -> str | None:
    """The address whose code this browser entered in the last half hour."""
    proven = session.get(_PROVEN)
    if not proven or now - datetime.fromisoformat(proven["at"]) > PROVEN_FOR:
        return None
    return str(proven["email"])


def knows(email: str) -> bool:
    """Whether it was asked for here, last."""
    return email == address() and _UNKNOWN not in session


def wants_letters() -> bool:
    """Whether the newsletter was asked for, and not only the way in."""
    return _NO_LETTERS not in session
