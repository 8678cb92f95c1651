"""What can come back from MailerLite instead of what was asked for.

MailerLiteError
├── Unavailable     down, slow, or over its limit: try again later, or another way
├── NotUnderstood   an answer about one thing in a shape nobody knows; others may be as ever
├── Rejected        it understood and said no (403, 404, 405, 422): trying again cannot help
│   ├── KeyRefused  401: it says so to whatever is asked with this key
│   └── NotThere    404, and it says of what it has no such one
└── NotSetUp        no key
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from membership.due import Away

_LONGEST = 300  # characters of what it says
# It names models as its program does, with the rooms they are in before them.
_NO_SUCH = re.compile(r"No query results for model \[(?:\w+\\)*(\w+)\]")
_GIVEN_UP = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class MailerLiteError(Exception):
    """Something with MailerLite; `str()` is a reason for the owner."""


class Unavailable(MailerLiteError, Away):
    """`wait` is how long MailerLite, or our own budget of calls, asks for; None if nobody did."""

    def __init__(self, message: str, *, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class NotUnderstood(MailerLiteError):
    pass


class Rejected(MailerLiteError):
    """`errors` are its sentences by the name of what they are about, dotted (`groups.0`)."""

    def __init__(
        self, status: int, message: str, errors: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.status = status
        self.errors = errors or {}
        super().__init__(f"{status} {message}")


class KeyRefused(Rejected, Away):
    """Nothing else can be done with this key either: the other rows need not try."""


class NotThere(Rejected):
    """`model` is of what it has no such one: "Subscriber", "Group". Only this says that something
    is gone; an address that it does not know (another route, another machine) is any Rejected."""

    def __init__(
        self, model: str, message: str, errors: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.model = model
        super().__init__(HTTPStatus.NOT_FOUND, message, errors)

    @property
    def subscriber(self) -> bool:
        return self.model == "Subscriber"


class NotSetUp(MailerLiteError):
    pass


def refusal(status: int, body: Any, *, wait: timedelta | None = None) -> MailerLiteError:
    """What an answer of 300 or more means. `body` is its JSON, or None where there is none."""
    said = in_words(body) or _phrase(status)
    if status in _GIVEN_UP or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(f"{status} {said}", wait=wait)
    if status < HTTPStatus.BAD_REQUEST:
        return Unavailable(f"{status}: it sends us to another address, which is not followed")
    errors = _by_name(body)
    if status == HTTPStatus.UNAUTHORIZED:
        return KeyRefused(status, said, errors)
    if status == HTTPStatus.NOT_FOUND and (named := _NO_SUCH.search(said)):
        return NotThere(named[1], said, errors)
    return Rejected(status, said, errors)


def printable(text: str) -> str:
    """One line of it, that can be stored and shown anywhere."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:_LONGEST]


def in_words(body: Any) -> str:
    """Its own words. Some refusals are a bare JSON string; some say what is wrong only by name."""
    message = body.get("message") if isinstance(body, dict) else body
    said = message if isinstance(message, str) else ""
    named = [
        f"{name}: {text}"
        for name, texts in _by_name(body).items()
        for text in texts
        if text not in said
    ]
    return printable("; ".join([*filter(None, [said]), *named]))


def _by_name(body: Any) -> dict[str, tuple[str, ...]]:
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, dict):
        return {}
    return {
        printable(str(name)): tuple(printable(str(text)) for text in _listed(texts))
        for name, texts in errors.items()
    }


def _listed(texts: Any) -> list[Any]:
    return texts if isinstance(texts, list) else [texts]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"
