"""MailerLite's API. The only module that speaks to it; nothing of `requests` leaves here.

MailerLiteError
├── Unavailable   down, slow, or over its limit: try again later, or another way
├── Rejected      it understood and said no (401, 403, 404, 422): trying again cannot help
└── NotSetUp      no key
"""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import requests
from flask import Flask, current_app

from membership.config import Config
from membership.db import end_reading
from membership.due import Away

OPTED_OUT = ("unsubscribed", "junk")  # statuses of those who want no more letters
TIMEOUT = (3.05, 10)  # seconds: to connect, and between bytes


class MailerLiteError(Exception):
    """Something with MailerLite; `str()` is a reason for the owner."""


class Unavailable(MailerLiteError, Away):
    pass


class Rejected(MailerLiteError):
    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"{status} {message}")


class NotSetUp(MailerLiteError):
    pass


@dataclass(frozen=True)
class ListedSubscriber:
    """A subscriber as MailerLite has it."""

    id: str
    email: str
    status: str

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        return cls(str(data["id"]), data["email"], data["status"])


@dataclass(frozen=True)
class Group:
    id: str
    name: str


@dataclass(frozen=True)
class Webhook:
    id: str
    url: str
    secret: str


@dataclass(frozen=True)
class Automation:
    """`works`: it is on, whole and not broken. `repeatable`: it runs again for who joins again."""

    name: str
    works: bool
    repeatable: bool


class MailerLite:
    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._group_ids: dict[str, str] = {}

    def upsert(self, email: str, **body: Any) -> ListedSubscriber:
        """Create or add to a subscriber; never takes a group or field away.

        Raises Rejected 422 for somebody who unsubscribed.
        """
        return ListedSubscriber.parse(self._data("POST", "/subscribers", {"email": email, **body}))

    def subscriber(self, email_or_id: str) -> ListedSubscriber | None:
        try:
            path = f"/subscribers/{quote(email_or_id, safe='')}"
            return ListedSubscriber.parse(self._data("GET", path))
        except Rejected as error:
            if error.status == 404:
                return None
            raise

    def clear_field(self, subscriber_id: str, key: str) -> None:
        self._call("PUT", f"/subscribers/{subscriber_id}", {"fields": {key: None}})

    def move(self, subscriber_id: str, email: str) -> None:
        """Another address for the same subscriber. Raises Rejected 422 when it is another's."""
        self._call("PUT", f"/subscribers/{subscriber_id}", {"email": email})

    def forget(self, subscriber_id: str) -> None:
        """Take somebody off the list, and everything that is known of them, within thirty days."""
        self._gone("POST", f"/subscribers/{subscriber_id}/forget")

    def delete_subscriber(self, subscriber_id: str) -> None:
        self._gone("DELETE", f"/subscribers/{subscriber_id}")

    def join_group(self, subscriber_id: str, group_id: str) -> None:
        self._call("POST", f"/subscribers/{subscriber_id}/groups/{group_id}")

    def leave_group(self, subscriber_id: str, group_id: str) -> None:
        self._gone("DELETE", f"/subscribers/{subscriber_id}/groups/{group_id}")

    def groups(self) -> list[Group]:
        return [Group(str(g["id"]), g["name"]) for g in self._pages("/groups")]

    def create_group(self, name: str) -> Group:
        data = self._data("POST", "/groups", {"name": name})
        return Group(str(data["id"]), data["name"])

    def group_id(self, name_or_id: str) -> str:
        """The id of a group named, or identified, in the settings."""
        if name_or_id not in self._group_ids:  # it may have been made since we last looked
            groups = self.groups()
            self._group_ids = {g.name: g.id for g in groups} | {g.id: g.id for g in groups}
        if name_or_id not in self._group_ids:
            raise Rejected(404, f"there is no group {name_or_id!r}: run flask newsletter setup")
        return self._group_ids[name_or_id]

    def automations(self, group_id: str) -> list[Automation]:
        """Those that begin when somebody joins this group."""
        return [
            Automation(
                a["name"],
                bool(a["enabled"] and a["complete"] and not a["broken"]),
                bool(a["trigger_data"]["repeatable"]),
            )
            for a in self._pages(f"/automations?filter[group]={group_id}")
        ]

    def field_keys(self) -> set[str]:
        return {f["key"] for f in self._pages("/fields")}

    def create_field(self, name: str) -> str:
        """Make a text field; MailerLite derives the key, which is returned, from the name."""
        return str(self._data("POST", "/fields", {"name": name, "type": "text"})["key"])

    def webhooks(self) -> list[Webhook]:
        return [Webhook(str(w["id"]), w["url"], w["secret"]) for w in self._pages("/webhooks")]

    def create_webhook(self, name: str, url: str, events: list[str]) -> Webhook:
        body = {"name": name, "url": url, "events": events, "enabled": True, "batchable": False}
        data = self._data("POST", "/webhooks", body)
        return Webhook(str(data["id"]), data["url"], data["secret"])

    def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            sign = "&" if "?" in path else "?"
            answer = self._call("GET", f"{path}{sign}limit=100&page={page}")
            found += answer["data"]
            if page >= answer.get("meta", {}).get("last_page", 1):
                return found
            page += 1

    def _data(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data: dict[str, Any] = self._call(method, path, body)["data"]
        return data

    def _gone(self, method: str, path: str) -> None:
        """Take something away; that it was not there is as good."""
        try:
            self._call(method, path)
        except Rejected as error:
            if error.status != 404:
                raise

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        end_reading()
        try:
            answer = requests.request(
                method, self._base + path, json=body, headers=self._headers, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise Unavailable(f"no answer: {type(error).__name__}") from error
        if answer.status_code == 429 or answer.status_code == 408 or answer.status_code >= 500:
            raise Unavailable(f"{answer.status_code} {_message(answer)}")
        if answer.status_code >= 300:
            self._group_ids = {}  # it may be a group that is gone
            raise Rejected(answer.status_code, _message(answer))
        if not answer.content:
            return {}
        try:
            parsed = answer.json()
        except requests.JSONDecodeError as error:
            raise Unavailable("the answer was not JSON") from error
        return parsed if isinstance(parsed, dict) else {}


def init_app(app: Flask, config: Config) -> None:
    key = config.mailerlite_api_key
    app.extensions["mailerlite"] = MailerLite(config.mailerlite_api_base, key) if key else None


def client() -> MailerLite:
    """The application's client; raises NotSetUp without a key."""
    found: MailerLite | None = current_app.extensions["mailerlite"]
    if found is None:
        raise NotSetUp("MAILERLITE_API_KEY is not set")
    return found


def _message(answer: requests.Response) -> str:
    """Its own words. Some refusals are a bare JSON string, some are not JSON at all."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return answer.reason or "no reason given"
    message = body.get("message") if isinstance(body, dict) else body
    return str(message)[:300]
