"""What is remembered of what became of a subscriber's mail."""

from typing import Any

from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, no_such
from sandbox.store import Document

KIND = "list_activity"
LOGS = (
    "campaign_send",
    "automation_email_sent",
    "email_open",
    "link_click",
    "email_bounce",
    "spam_complaint",
    "unsubscribed",
    "email_forward",
    "marketing_preferences_change",
    "preference_center",
)


def note(lists: Lists, subscriber: Document, log_name: str, **properties: Any) -> None:
    entry = {
        "id": lists.new_id(),
        "log_name": log_name,
        "subject_id": subscriber["id"],
        "subject_type": "subscribers",
        "properties": properties,
        "created_at": lists.now(),
        "updated_at": lists.now(),
    }
    lists.store.put(KIND, entry["id"], entry)


def list_(lists: Lists, call: Call, subscriber_id: str) -> Reply:
    """Newest first."""
    if not lists.store.get("subscriber", subscriber_id):
        raise no_such("Subscriber\\Subscriber")
    log_name = call.one_of("log_name", LOGS)
    found = lists.store.having(
        KIND, "subject_id", subscriber_id, lambda e: log_name in (None, e["log_name"])
    )
    return by_page(call, [_shown(entry) for entry in reversed(found)], 100)


def _shown(entry: Document) -> Document:
    return {**entry, "properties": entry["properties"] or []}  # PHP's empty array
