"""Webhooks, as they are registered."""

from typing import Any

from sandbox import ids
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Reply, by_page, invalid, no_such
from sandbox.store import Document

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
    }
    missing = {name: f"The {name} field is required." for name in ("url", "events")}
    absent = {name: wrong for name, wrong in missing.items() if not call.body.get(name)}
    if absent:
        raise invalid(**absent)
    return 201, {"data": _save(lists, webhook, call.body)}


def put(lists: Lists, call: Call, webhook_id: str) -> Reply:
    return 200, {"data": _save(lists, _webhook(lists, webhook_id), call.body)}


def get(lists: Lists, _call: Call, webhook_id: str) -> Reply:
    return 200, {"data": _webhook(lists, webhook_id)}


def list_(lists: Lists, call: Call) -> Reply:
    return by_page(call, list(reversed(lists.store.find("list_webhook"))), 50)


def delete(lists: Lists, _call: Call, webhook_id: str) -> Reply:
    _webhook(lists, webhook_id)
    lists.store.remove("list_webhook", webhook_id)
    return 204, None


def _save(lists: Lists, before: Document, body: dict[str, Any]) -> Document:
    names = ("name", "url", "events", "enabled", "batchable")
    webhook = {**before, **{n: body[n] for n in names if n in body}, "updated_at": lists.now()}
    if not str(webhook["url"]).startswith(("http://", "https://")):
        raise invalid(url="The url must be a valid URL.")
    if not isinstance(webhook["events"], list) or not set(webhook["events"]) <= EVENTS:
        raise invalid(events="The selected events is invalid.")
    if not webhook["batchable"] and set(webhook["events"]) & BATCHED_ONLY:
        raise invalid(events="These events need a batchable webhook.")
    lists.store.put("list_webhook", webhook["id"], webhook)
    return webhook


def _webhook(lists: Lists, webhook_id: str) -> Document:
    webhook = lists.store.get("list_webhook", webhook_id)
    if not webhook:
        raise no_such("Webhook", webhook_id)
    return webhook
