"""What is to be true of a reader at MailerLite, and the next call that brings it nearer. Pure.

A call is decided on, made, and its answer believed; then the next is decided on from there, until
there is nothing left to do. So it does not matter where it began, what was lost on the way, or how
often it is begun.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from membership.newsletter.mailerlite import OPTED_OUT, BatchCall
from membership.newsletter.mailing_list.fields import PLAN, RENEWS_ON
from membership.newsletter.mailing_list.held import ON_THE_LIST, Held, Places
from membership.newsletter.models import Standing

APART = timedelta(minutes=5)  # our clock and MailerLite's may be


class Wish(StrEnum):
    LETTERS = "on the list"
    STOPPED = "unsubscribed"
    ABSENT = "not on the list"
    WAITING = "left as it is"  # a code is under way, or its address may yet be proven


@dataclass(frozen=True)
class Known:
    """What is there: `held`, or nobody; not known before it was `read`. `stuck`: the address that
    they are to have there is another subscriber's."""

    read: bool = False
    held: Held | None = None
    stuck: bool = False


@dataclass(frozen=True)
class Reader:
    """What our row says. `status` is what MailerLite was last known to say; `known_as` the id, or
    the address, under which it knows them; until `code_lives_until` a code can be used yet.
    `code_given`: one was put on them there, or was about to be, and may be there still;
    `unproven_since`: somebody first used this address then, and nobody has proven it."""

    email: str
    wish: Wish
    standing: Standing = Standing.FREE
    plan: str | None = None
    renews_on: date | None = None
    resubscribe_at: datetime | None = None
    opted_in_at: datetime | None = None
    status: str | None = None
    known_as: str | None = None
    code_lives_until: datetime | None = None
    code_given: bool = False
    unproven_since: datetime | None = None

    @property
    def code_lives(self) -> bool:
        return self.code_lives_until is not None

    @property
    def fields(self) -> Mapping[str, str | None]:
        renews_on = self.renews_on.isoformat() if self.renews_on else None
        return {PLAN: self.plan, RENEWS_ON: renews_on}


def next_call(reader: Reader, known: Known, places: Places) -> BatchCall | None:
    """None when nothing is left to do."""
    if reader.wish is Wish.WAITING:
        return None
    if not known.read:
        return _look(reader, places)
    held = known.held
    if held is None:
        return _put_on(reader, places) if reader.wish is Wish.LETTERS else None
    if reader.wish is Wish.LETTERS:
        return _keep_on(reader, known, held, places)
    if reader.wish is Wish.ABSENT:
        return _take_off(reader, held, places)
    return _keep_off(reader, known, held)


def _take_off(reader: Reader, held: Held, places: Places) -> BatchCall | None:
    """Whom the owner had on the list before somebody typed that address in here is not ours to take
    off: only our code is."""
    if held.status in OPTED_OUT:
        return None
    since = reader.unproven_since
    if since is None or (held.created_at and held.created_at >= since - APART):
        return BatchCall.delete_subscriber(held.id)
    if held.has_code:
        return BatchCall.update(held.id, fields={places.code_field: None})
    if places.code_group in held.groups:
        return BatchCall.leave_group(held.id, places.code_group)
    return None


def _keep_off(reader: Reader, known: Known, held: Held) -> BatchCall | None:
    """Unsubscribed, and that at the address they have now."""
    if held.status in ON_THE_LIST:
        return BatchCall.update(held.id, status="unsubscribed")
    if held.email != reader.email and held.status in OPTED_OUT and not known.stuck:
        return BatchCall.update(held.id, email=reader.email)
    return None


def _look(reader: Reader, places: Places) -> BatchCall | None:
    """Read first, where something may be there; who is new is put on the list at once."""
    if reader.known_as:
        return BatchCall.subscriber(reader.known_as)
    if reader.wish is Wish.STOPPED:
        return BatchCall.subscriber(reader.email)
    return _put_on(reader, places) if reader.wish is Wish.LETTERS else None


def _put_on(reader: Reader, places: Places) -> BatchCall:
    """Adds: no group and no field that they have is taken away."""
    about: dict[str, Any] = {"groups": [places.groups[reader.standing]]}
    if fields := {key: value for key, value in reader.fields.items() if value is not None}:
        about["fields"] = fields
    if reader.opted_in_at:
        about["opted_in_at"] = reader.opted_in_at
    if reader.resubscribe_at:
        about["resubscribe"] = True
    return BatchCall.upsert(reader.email, **about)


def _keep_on(reader: Reader, known: Known, held: Held, places: Places) -> BatchCall | None:
    """By the id from here on: an address that was deleted there would be put on the list anew."""
    if held.email != reader.email:
        return _move(reader, known, held, places)
    if held.status not in ON_THE_LIST:
        back = held.status == "unsubscribed" and reader.resubscribe_at
        return _put_on(reader, places) if back else None
    if differ := _fields(reader, held, places):
        return BatchCall.update(held.id, fields=differ)
    group = places.groups[reader.standing]
    if group not in held.groups:
        return BatchCall.join_group(held.id, group)
    leave = held.groups - {group, *({places.code_group} if reader.code_lives else ())}
    return BatchCall.leave_group(held.id, min(leave)) if leave else None


def _move(reader: Reader, known: Known, held: Held, places: Places) -> BatchCall:
    """The same person at another address. What bounced was the old address's fault."""
    if held.status != "bounced" and not known.stuck:
        return BatchCall.update(held.id, email=reader.email)
    if held.status in OPTED_OUT:  # what they said there is not taken back
        return _put_on(reader, places)
    return BatchCall.delete_subscriber(held.id)


def _fields(reader: Reader, held: Held, places: Places) -> dict[str, str | int | None]:
    """Those of ours that have another value there than they should."""
    differ: dict[str, str | int | None] = {
        key: value
        for key, value in reader.fields.items()
        if key in held.fields and held.fields[key] != value
    }
    if held.has_code and not reader.code_lives:
        differ[places.code_field] = None
    return differ
