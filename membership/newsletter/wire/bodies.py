"""What is written: of a subscriber only what is given, so that whatever else is there stays; of a
campaign all of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

_MOMENT = "%Y-%m-%d %H:%M:%S"  # UTC, without a zone


class Change(TypedDict, total=False):
    """What `update` writes. Never groups: a PUT replaces them, those made by hand as well."""

    email: str
    fields: Mapping[str, str | int | None]
    status: str


class About(TypedDict, total=False):
    """What `upsert` writes, or adds. `resubscribe` takes back an unsubscription."""

    fields: Mapping[str, str | int | None]
    groups: Iterable[str]
    status: str
    resubscribe: bool
    opted_in_at: datetime


@dataclass(frozen=True)
class Letter:
    """What a campaign says: `html` with MailerLite's variables in it; `sender` is an address that
    it has verified."""

    subject: str
    html: str
    sender: str
    sender_name: str


def campaign(name: str, letter: Letter, groups: Sequence[str]) -> dict[str, Any]:
    """Raises ValueError without groups: MailerLite would send it to everybody."""
    if not groups:
        raise ValueError("a campaign without groups goes to everybody")
    mail = {
        "subject": letter.subject,
        "from_name": letter.sender_name,
        "from": letter.sender,
        "content": letter.html,
    }
    return {"name": name, "type": "regular", "groups": list(groups), "emails": [mail]}


def upsert(email: str, about: About) -> dict[str, Any]:
    body: dict[str, Any] = {"email": email, **about}
    if "groups" in about:
        body["groups"] = list(about["groups"])
    if "fields" in about:
        body["fields"] = dict(about["fields"])
    if "opted_in_at" in about:
        body["opted_in_at"] = about["opted_in_at"].astimezone(UTC).strftime(_MOMENT)
    return body


def update(change: Change) -> dict[str, Any]:
    body: dict[str, Any] = {**change}
    if "fields" in change:
        body["fields"] = dict(change["fields"])
    return body
