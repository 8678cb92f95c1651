"""Webhooks, as they are registered."""

from typing import Any

from sandbox import ids
from sandbox.mailerlite import deliveries
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, invalid, no_such
from sandbox.store import Document

KIND = deliveries.KIND
BATCHED_ONLY = {"subscriber.deleted", "campaign.open", "campaign.click"}
EVENTS = BATCHED_ONLY | {
    "subscriber.created",
    "subscriber.updated",
    "subscriber.unsubscribed",
    "subscriber.active",
    "subscriber.added_to_group",
    "subscriber.removed_from_group",
    "subscriber.bounced",
    "subscriber.spam_reported",
    "subscriber.automation_triggered",
    "subscriber.automation_completed",
    "campaign.sent",
}


def create(lists: Lists, call: Call) -> Reply:
    webhook: Document = {
        "id": lists.new_id(),
        "name": call.body.get("name") or "",
        "url": "",
        "events": [],
        "enabled": True,
        "is_blocked": False,
        "secret": ids.letters(10),
        "created_at": lists.now(),
        "updated_at": lists.now(),
        "batchable": False,
        "version": "2022-01",
        "last_fired_at": None,
        "response_code": None,
        "given_up": 0,
    }
    missing = {name: f"The {name} field is required." for name in ("url", "events")}
    absent = {name: wrong for name, wrong in missing.items() if not call.body.get(name)}
    if absent:
        raise invalid(**absent)
    return 201, {"data": _shown(_save(lists, webhook, call.body))}


def put(lists: Lists, call: Call, webhook_id: str) -> Reply:
    """Switching it on again takes a block away."""
    webhook = _webhook(lists, webhook_id)
    if call.body.get("enabled") is True:
        webhook |= {"is_blocked": False, "given_up": 0}
    return 200, {"data": _shown(_save(lists, webhook, call.body))}


def get(lists: Lists, _call: Call, webhook_id: str) -> Reply:
    return 200, {"data": _shown(_webhook(lists, webhook_id))}


def list_(lists: Lists, call: Call) -> Reply:
    found = [_shown(webhook) for webhook in reversed(lists.store.find(KIND))]
    return by_page(call, found, 50)


def delete(lists: Lists, _call: Call, webhook_id: str) -> Reply:
    _webhook(lists, webhook_id)
    lists.store.remove(KIND, webhook_id)
    return 204, None


def _save(lists: Lists, before: Document, body: dict[str, Any]) -> Document:
    names = ("name", "url", "events", "enabled", "batchable")
    webhook = {**before, **{n: body[n] for n in names if n in body}, "updated_at": lists.now()}
    if not str(webhook["url"]).startswith(("http://", "https://")):
        raise invalid(url="The url must be a valid URL.")
    if not isinstance(webhook["events"], list) or not _are_known(webhook["events"]):
        raise invalid(events="The selected events is invalid.")
    if not all(isinstance(webhook[name], bool) for name in ("enabled", "batchable")):
        raise invalid(enabled="The enabled field must be true or false.")
    if not webhook["batchable"] and set(webhook["events"]) & BATCHED_ONLY:
        raise invalid(events="These events need a batchable webhook.")
    lists.store.put(KIND, webhook["id"], webhook)
    return webhook


def _are_known(events: list[Any]) -> bool:
    return bool(events) and all(isinstance(name, str) and name in EVENTS for name in events)


def _shown(webhook: Document) -> Document:
    return {name: value for name, value in webhook.items() if name != "given_up"}


def _webhook(lists: Lists, webhook_id: str) -> Document:
    webhook = lists.store.get(KIND, webhook_id)
    if not webhook:
        raise no_such("Webhook", webhook_id)
    return webhook
