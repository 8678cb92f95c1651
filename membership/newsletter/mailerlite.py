"""MailerLite's API. Whoever wants something of it asks here; `wire/` is for this module alone.

Every method may raise Unavailable, Rejected or NotUnderstood (see `wire/errors.py`).
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Unpack
from urllib.parse import quote

from flask import Flask, current_app

from membership.config import Config
from membership.newsletter.wire import batches, bodies
from membership.newsletter.wire.batches import BatchCall, BatchReply
from membership.newsletter.wire.bodies import About, Letter
from membership.newsletter.wire.calls import Calls
from membership.newsletter.wire.errors import (
    KeyRefused,
    MailerLiteError,
    NotSetUp,
    NotThere,
    NotUnderstood,
    Rejected,
    Unavailable,
)
from membership.newsletter.wire.http import LOOKING, URGENT, WORKING, Http, Manners
from membership.newsletter.wire.objects import (
    Automation,
    AutomationRun,
    Campaign,
    Field,
    Group,
    ListedSubscriber,
    Page,
    Step,
    Webhook,
    parsed,
)

__all__ = [
    "MOST_IN_A_BATCH",
    "OPTED_OUT",
    "About",
    "Automation",
    "AutomationRun",
    "BatchCall",
    "BatchReply",
    "Campaign",
    "Field",
    "Group",
    "KeyRefused",
    "Letter",
    "ListedSubscriber",
    "MailerLite",
    "MailerLiteError",
    "NotSetUp",
    "NotThere",
    "NotUnderstood",
    "Page",
    "Rejected",
    "Step",
    "Unavailable",
    "Webhook",
    "client",
    "ids_by_name",
    "init_app",
    "onlooker",
]

OPTED_OUT = ("unsubscribed", "junk")  # statuses of those who want no more letters
MOST_IN_A_BATCH = batches.MOST


class MailerLite(Calls):
    """Calls to one MailerLite account."""

    def count(self) -> int:
        """How many subscribers there are. The cheapest way to see whether the key works."""
        answer = self._http.call("GET", "/subscribers", query={"limit": "0"})
        return parsed(lambda found: int(found["total"]), answer)

    # Subscribers

    def upsert(self, email: str, **about: Unpack[About]) -> ListedSubscriber:
        """Create or add to a subscriber; never takes a group or field away.

        Raises Rejected 422 for somebody who unsubscribed, unless they `resubscribe`.
        """
        body = bodies.upsert(email, about)
        return self._one(ListedSubscriber.parse, "POST", "/subscribers", body)

    def subscriber(self, email_or_id: str) -> ListedSubscriber | None:
        try:
            path = f"/subscribers/{quote(email_or_id, safe='')}"
            return self._one(ListedSubscriber.parse, "GET", path)
        except NotThere as error:
            if error.subscriber:
                return None
            raise

    def subscribers(
        self, *, cursor: str | None = None, limit: int = 100, status: str | None = None
    ) -> Page[ListedSubscriber]:
        """Some of all of them, each with its groups; `cursor` goes on where a page ended."""
        query = {"limit": str(limit), "include": "groups"}
        if cursor:
            query["cursor"] = cursor
        if status:
            query["filter[status]"] = status
        return parsed(_page, self._http.call("GET", "/subscribers", query=query))

    def forget(self, subscriber_id: str) -> None:
        """Take somebody off the list, and everything that is known of them, within thirty days."""
        self._gone("POST", f"/subscribers/{subscriber_id}/forget")

    def join_group(self, subscriber_id: str, group_id: str) -> None:
        self._one(Group.parse, "POST", f"/subscribers/{subscriber_id}/groups/{group_id}")

    def leave_group(self, subscriber_id: str, group_id: str) -> None:
        self._gone("DELETE", f"/subscribers/{subscriber_id}/groups/{group_id}")

    def batch(self, calls: Sequence[BatchCall]) -> list[BatchReply]:
        """Many calls in one, at most fifty, each with its own reply, in their order. Some may be
        done and others not, also when this raises."""
        if len(calls) > MOST_IN_A_BATCH:
            raise ValueError(f"{len(calls)} calls in a batch")
        body = {"requests": [call.body_of_request() for call in calls]}
        imports = all(call.imports for call in calls)
        answer = self._http.call("POST", "/batch", body, imports=imports)
        return parsed(lambda found: _replies(found, len(calls)), answer)

    def alone(self, call: BatchCall) -> BatchReply:
        """One of them by itself. Raises what concerns the others as well."""
        try:
            body = self._http.call(call.method, f"/{call.path}", call.body)
        except KeyRefused:
            raise
        except Rejected as error:
            return BatchReply(error.status, {"message": str(error), "errors": error.errors})
        return BatchReply(HTTPStatus.OK, body)

    # Groups and fields

    def groups(self) -> list[Group]:
        return self._all(Group.parse, "/groups")

    def create_group(self, name: str) -> Group:
        return self._one(Group.parse, "POST", "/groups", {"name": name}, once=True)

    def group_id(self, name_or_id: str) -> str:
        """The id of a group named, or identified, in the settings."""
        known = self._group_ids.get(name_or_id)
        if known is None:  # it may have been made since we last looked
            found = ids_by_name(self.groups())
            self._group_ids.clear()
            self._group_ids.update(found)
            known = found.get(name_or_id)
        if known is None:
            raise Rejected(404, f"there is no group {name_or_id!r}: run flask newsletter setup")
        return known

    def fields(self) -> list[Field]:
        return self._all(Field.parse, "/fields")

    def create_field(self, name: str, kind: str = "text") -> Field:
        """`kind` is text, number or date. MailerLite derives its key from the name."""
        body = {"name": name, "type": kind}
        return self._one(Field.parse, "POST", "/fields", body, once=True)

    # Automations

    def automations(self, group_id: str) -> list[Automation]:
        """Those that begin when somebody joins this group."""
        return self._all(Automation.parse, "/automations", query={"filter[group]": group_id})

    def automation(self, automation_id: str) -> Automation:
        return self._one(Automation.parse, "GET", f"/automations/{automation_id}")

    def automation_runs(
        self, automation_id: str, status: str, *, email: str = ""
    ) -> list[AutomationRun]:
        """The newest with this status (completed, active, canceled or failed), of one address if
        one is given."""
        query = {"filter[status]": status, "limit": "100"}
        if email:
            query["filter[search]"] = email
        path = f"/automations/{automation_id}/activity"
        return self._all(AutomationRun.parse, path, query=query, most=1)

    # Campaigns

    def campaigns(self, status: str) -> list[Campaign]:
        """Those with one status; MailerLite does not list all of them at once."""
        return self._all(Campaign.parse, "/campaigns", query={"filter[status]": status})

    def campaign(self, campaign_id: str) -> Campaign:
        """Raises Rejected 404."""
        return self._one(Campaign.parse, "GET", f"/campaigns/{campaign_id}")

    def create_campaign(self, name: str, letter: Letter, groups: Sequence[str]) -> Campaign:
        """A draft. Raises ValueError without groups, and Rejected where the account's plan takes no
        mail by the API."""
        body = bodies.campaign(name, letter, groups)
        return self._one(Campaign.parse, "POST", "/campaigns", body, once=True)

    def update_campaign(
        self, campaign_id: str, name: str, letter: Letter, groups: Sequence[str]
    ) -> Campaign:
        """Raises Rejected 422 when it is no draft any more."""
        body = bodies.campaign(name, letter, groups)
        return self._one(Campaign.parse, "PUT", f"/campaigns/{campaign_id}", body)

    def schedule_campaign(self, campaign_id: str) -> Campaign:
        """It leaves now. Raises Rejected 422 when it is no draft any more."""
        path = f"/campaigns/{campaign_id}/schedule"
        return self._one(Campaign.parse, "POST", path, {"delivery": "instant"}, once=True)

    def delete_campaign(self, campaign_id: str) -> None:
        self._gone("DELETE", f"/campaigns/{campaign_id}")

    # Webhooks

    def webhooks(self) -> list[Webhook]:
        return self._all(Webhook.parse, "/webhooks")

    def create_webhook(self, name: str, url: str, events: Sequence[str]) -> Webhook:
        body = {
            "name": name,
            "url": url,
            "events": list(events),
            "enabled": True,
            "batchable": True,
        }
        return self._one(Webhook.parse, "POST", "/webhooks", body, once=True)

    def update_webhook(self, webhook_id: str, events: Sequence[str]) -> Webhook:
        """Switched on, for these events."""
        body = {"events": list(events), "enabled": True, "batchable": True}
        return self._one(Webhook.parse, "PUT", f"/webhooks/{webhook_id}", body)

    def delete_webhook(self, webhook_id: str) -> None:
        self._gone("DELETE", f"/webhooks/{webhook_id}")


def ids_by_name(groups: Sequence[Group]) -> dict[str, str]:
    """The ids of groups by what settings may call them: their names, or the ids themselves."""
    return {group.name: group.id for group in groups} | {group.id: group.id for group in groups}


def init_app(app: Flask, config: Config) -> None:
    base, key = config.mailerlite_api_base, config.mailerlite_api_key
    group_ids: dict[str, str] = {}
    app.extensions["mailerlite"] = key and {
        manners: MailerLite(Http(base, key, manners), group_ids)
        for manners in (WORKING, URGENT, LOOKING)
    }


def client(*, urgent: bool = False) -> MailerLite:
    """The application's client; raises NotSetUp without a key.

    `urgent` is for a visitor's code: it waits for nothing and is tried once, so that the code can
    go another way; and some calls are kept for it that work in the background cannot have.
    """
    return _client(URGENT if urgent else WORKING)


def onlooker() -> MailerLite:
    """For a look at how things are: it waits for nothing, is tried once, and needs no database."""
    return _client(LOOKING)


def _client(manners: Manners) -> MailerLite:
    found: dict[Manners, MailerLite] | None = current_app.extensions["mailerlite"]
    if not found:
        raise NotSetUp("MAILERLITE_API_KEY is not set")
    return found[manners]


def _page(answer: Any) -> Page[ListedSubscriber]:
    cursor = answer["meta"]["next_cursor"]
    items = tuple(ListedSubscriber.parse(each) for each in answer["data"])
    return Page(items, None if cursor is None else str(cursor))


def _replies(answer: Any, how_many: int) -> list[BatchReply]:
    replies = [BatchReply.parse(each) for each in answer["responses"]]
    if len(replies) != how_many:
        raise ValueError(f"{len(replies)} replies to {how_many} calls")
    return replies
