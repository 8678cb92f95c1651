"""Many calls in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self, Unpack
from urllib.parse import quote

from membership.newsletter.wire import bodies, errors
from membership.newsletter.wire.bodies import About, Change
from membership.newsletter.wire.errors import MailerLiteError
from membership.newsletter.wire.objects import ListedSubscriber, parsed

MOST = 50  # calls in a batch


@dataclass(frozen=True)
class BatchCall:
    """One of the calls of a batch. `path` begins after `/api/`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @classmethod
    def subscriber(cls, email_or_id: str) -> Self:
        return cls("GET", f"subscribers/{quote(email_or_id, safe='')}")

    @classmethod
    def upsert(cls, email: str, **about: Unpack[About]) -> Self:
        return cls("POST", "subscribers", bodies.upsert(email, about))

    @classmethod
    def update(cls, subscriber_id: str, **change: Unpack[Change]) -> Self:
        return cls("PUT", f"subscribers/{subscriber_id}", bodies.update(change))

    @classmethod
    def delete_subscriber(cls, subscriber_id: str) -> Self:
        return cls("DELETE", f"subscribers/{subscriber_id}")

    @classmethod
    def forget(cls, subscriber_id: str) -> Self:
        return cls("POST", f"subscribers/{subscriber_id}/forget")

    @classmethod
    def join_group(cls, subscriber_id: str, group_id: str) -> Self:
        return cls("POST", f"subscribers/{subscriber_id}/groups/{group_id}")

    @classmethod
    def leave_group(cls, subscriber_id: str, group_id: str) -> Self:
        return cls("DELETE", f"subscribers/{subscriber_id}/groups/{group_id}")

    def body_of_request(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"method": self.method, "path": f"api/{self.path}"}
        return asked if self.body is None else {**asked, "body": dict(self.body)}

    @property
    def imports(self) -> bool:
        """Whether a batch of nothing but such calls is an import at MailerLite."""
        return (self.method, self.path) == ("POST", "subscribers")


@dataclass(frozen=True)
class BatchReply:
    """What became of one call of a batch: its own status, and its own body."""

    status: int
    body: Any

    @classmethod
    def parse(cls, data: Any) -> Self:
        status = data["code"]
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError("code")
        return cls(status, data.get("body"))

    @property
    def error(self) -> MailerLiteError | None:
        """What the same call would have raised by itself."""
        return (
            errors.refusal(self.status, self.body)
            if self.status >= HTTPStatus.MULTIPLE_CHOICES
            else None
        )

    def subscriber(self) -> ListedSubscriber:
        """Raises what the call would have raised, or NotUnderstood."""
        if self.error:
            raise self.error
        return parsed(lambda body: ListedSubscriber.parse(body["data"]), self.body)
