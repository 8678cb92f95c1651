"""What MailerLite holds of a reader, as far as it concerns us. Pure.

Groups made by hand and fields of others are not in it, so that nobody thinks of changing them; nor
is a code, which lies nowhere in our database: only that there is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from membership.newsletter.mailerlite import ListedSubscriber
from membership.newsletter.mailing_list.fields import FIELDS
from membership.newsletter.models import Standing

ON_THE_LIST = ("active", "unconfirmed")


@dataclass(frozen=True)
class Places:
    """Ids of our groups, and the key of the field for codes."""

    groups: Mapping[Standing, str]
    code_group: str
    code_field: str

    @property
    def ours(self) -> frozenset[str]:
        return frozenset({*self.groups.values(), self.code_group})


@dataclass(frozen=True)
class Held:
    """A subscriber there. `fields` has those of ours that exist there; `has_code`: a code was put
    on them and is there still."""

    id: str
    email: str
    status: str
    groups: frozenset[str]
    fields: Mapping[str, str | None]
    has_code: bool
    unsubscribed_at: datetime | None = None
    created_at: datetime | None = None

    @classmethod
    def of(cls, listed: ListedSubscriber, places: Places, *, before: Self | None = None) -> Self:
        """`before` is what was known, for an answer that leaves the groups out."""
        told = listed.groups
        groups = {group.id for group in told} if told is not None else before and before.groups
        return cls(
            id=listed.id,
            email=listed.email.lower(),
            status=listed.status,
            groups=frozenset(groups or ()) & places.ours,
            fields={key: _text(key, listed.fields[key]) for key in FIELDS if key in listed.fields},
            has_code=bool(listed.fields.get(places.code_field)),
            unsubscribed_at=listed.unsubscribed_at,
            created_at=listed.created_at,
        )

    @classmethod
    def kept(cls, id_: str, email: str, status: str, kept: Mapping[str, Any]) -> Self:
        return cls(
            id=id_,
            email=email,
            status=status,
            groups=frozenset(kept["groups"]),
            fields=kept["fields"],
            has_code=kept["has_code"],
        )

    def to_keep(self) -> dict[str, Any]:
        """For the row, whose columns have the id, the address and the status."""
        return {
            "groups": sorted(self.groups),
            "fields": dict(self.fields),
            "has_code": self.has_code,
        }

    def within(self, group_id: str) -> Self:
        return replace(self, groups=self.groups | {group_id})

    def without(self, group_id: str) -> Self:
        return replace(self, groups=self.groups - {group_id})


def _text(key: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    return str(value)[:10] if FIELDS[key] == "date" else str(value)  # 2026-12-21, without a time
