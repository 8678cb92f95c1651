"""What MailerLite has, frozen. Rules of shape alone.

Every `parse` raises KeyError, TypeError, ValueError or AttributeError for another shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from membership.newsletter.wire import errors
from membership.newsletter.wire.errors import NotUnderstood
from membership.vendor_ids import plausible

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list. `next_cursor` asks for what follows; None when this was the end."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Group:
    """`active`: how many of it get letters, where that was told."""

    id: str
    name: str
    active: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        return cls(_id(data), _text(data["name"]), int(data.get("active_count") or 0))


@dataclass(frozen=True)
class Field:
    """`key` was made from the first name, and stays when the name is changed."""

    id: str
    name: str
    key: str
    type: str

    @classmethod
    def parse(cls, data: Any) -> Self:
        return cls(_id(data), *(_text(data[name]) for name in ("name", "key", "type")))


@dataclass(frozen=True)
class ListedSubscriber:
    """A subscriber as MailerLite has it; times are UTC.

    `status` is its word: active, unsubscribed, unconfirmed, bounced or junk. `fields` holds every
    field by its key, None when it is empty. `groups` is None where it was not told: in lists, and
    in batches, unless they were asked for.
    """

    id: str
    email: str
    status: str
    fields: Mapping[str, object]
    groups: tuple[Group, ...] | None
    subscribed_at: datetime | None
    unsubscribed_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        fields, groups = data.get("fields"), data.get("groups")
        return cls(
            id=_id(data),
            email=_text(data["email"]),
            status=_text(data["status"]),
            # PHP writes a map without entries as a list
            fields={_text(key): value for key, value in fields.items()} if fields else {},
            groups=None if groups is None else tuple(Group.parse(group) for group in groups),
            subscribed_at=_moment(data.get("subscribed_at")),
            unsubscribed_at=_moment(data.get("unsubscribed_at")),
            created_at=_moment(data.get("created_at")),
            updated_at=_moment(data.get("updated_at")),
        )


@dataclass(frozen=True)
class Step:
    """One step of an automation. `sendable`: None where it was not told."""

    type: str
    subject: str | None
    complete: bool
    broken: bool
    sendable: bool | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        subject, sendable = data.get("subject"), data.get("eligible_for_sending")
        return cls(
            _text(data["type"]),
            None if subject is None else _text(subject),
            bool(data.get("complete", True)),
            bool(data.get("broken", False)),
            None if sendable is None else bool(sendable),
        )


@dataclass(frozen=True)
class Automation:
    """`begins_with` are the types of its triggers; `repeatable`: it runs again for who joins again;
    `steps` is None where they were not told."""

    id: str
    name: str
    enabled: bool
    complete: bool
    broken: bool
    repeatable: bool
    begins_with: tuple[str, ...]
    steps: tuple[Step, ...] | None

    @classmethod
    def parse(cls, data: Any) -> Self:
        steps = data.get("steps")
        return cls(
            id=_id(data),
            name=_text(data["name"]),
            enabled=bool(data["enabled"]),
            complete=bool(data["complete"]),
            broken=bool(data["broken"]),
            repeatable=bool(data["trigger_data"]["repeatable"]),
            begins_with=tuple(_text(trigger["type"]) for trigger in data.get("triggers", [])),
            steps=None if steps is None else tuple(Step.parse(step) for step in steps),
        )


@dataclass(frozen=True)
class AutomationRun:
    """One person's way through an automation; `status` in lower case."""

    id: str
    status: str
    at: datetime | None
    reason: str
    email: str

    @classmethod
    def parse(cls, data: Any) -> Self:
        return cls(
            _id(data),
            _text(data["status"]).lower(),
            _moment(data.get("date")),
            errors.printable(str(data.get("reason_description") or data.get("reason") or "")),
            _text(data["subscriber"]["email"]).lower(),
        )


@dataclass(frozen=True)
class Webhook:
    id: str
    name: str
    url: str
    events: frozenset[str]
    enabled: bool
    blocked: bool
    batchable: bool
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        return cls(
            id=_id(data),
            name=str(data.get("name") or ""),
            url=_text(data["url"]),
            events=frozenset(_text(event) for event in data["events"]),
            enabled=bool(data["enabled"]),
            blocked=bool(data.get("is_blocked", False)),
            batchable=bool(data.get("batchable", False)),
            secret=_text(data["secret"]),
        )


@dataclass(frozen=True)
class Campaign:
    """One mail to many. `status`: draft, ready (it leaves in a moment) or sent. `recipients` is how
    many it would go to, or went to; `to_everybody`: no group bounds it."""

    id: str
    name: str
    status: str
    recipients: int
    to_everybody: bool

    @classmethod
    def parse(cls, data: Any) -> Self:
        whom = data.get("basic_filter_for_humans") or {}
        return cls(
            _id(data),
            _text(data["name"]),
            _text(data["status"]),
            int(data.get("recipients_count") or 0),
            bool(whom.get("all_active_subscribers", not data.get("filter"))),
        )


def parsed(parse: Callable[[Any], T], data: Any) -> T:
    """Raises NotUnderstood for another shape."""
    try:
        return parse(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"{type(error).__name__}: {errors.printable(str(error))}"
        raise NotUnderstood(f"the answer has another shape ({what})") from None


def _id(data: Any) -> str:
    found = data["id"]
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not plausible(found):
        raise ValueError("id")
    return str(found)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()  # half a surrogate pair can be stored nowhere
    if "\0" in value:
        raise ValueError("NUL")
    return value


def _moment(value: Any) -> datetime | None:
    """MailerLite writes no zone, and means UTC."""
    if value is None:
        return None
    at = datetime.fromisoformat(_text(value))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
