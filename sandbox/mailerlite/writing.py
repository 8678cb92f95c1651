"""What follows when a subscriber is written: events, the log, automations, a mail to confirm."""

from sandbox.mailerlite import activity, letters, runs
from sandbox.mailerlite.lists import Lists
from sandbox.store import Document

STATUS_EVENTS = {
    "active": "subscriber.active",
    "bounced": "subscriber.bounced",
    "junk": "subscriber.spam_reported",
    "unsubscribed": "subscriber.unsubscribed",
}
STATUS_LOGS = {
    "bounced": "email_bounce",
    "junk": "spam_complaint",
    "unsubscribed": "unsubscribed",
}
NOBODY: Document = {"groups": [], "status": None, "fields": {}, "email": None}


def save(lists: Lists, subscriber: Document, before: Document | None) -> None:
    """Write it, tell whoever listens, and start the automations of the groups come into."""
    with lists.one_act():
        subscriber["updated_at"] = lists.now()
        lists.write(subscriber)
        was = before or NOBODY
        _tell(lists, subscriber, was)
        _log(lists, subscriber, was)
        if subscriber["status"] != "active":
            runs.cancel(lists, subscriber)
        for group_id in subscriber["groups"]:
            if group_id not in _active_groups(was) and subscriber["status"] == "active":
                runs.enter(lists, subscriber, group_id)


def ask_to_confirm(lists: Lists, subscriber: Document) -> None:
    """MailerLite's own mail to somebody new, when the account asks for a double opt-in."""
    letters.post(lists, subscriber, letters.confirmation(lists, subscriber))


def remove(lists: Lists, subscriber: Document, *, forget_at: str | None = None) -> None:
    """Gone from the list, and told so."""
    with lists.one_act():
        runs.cancel(lists, subscriber)
        lists.erase(subscriber)
        gone = {**subscriber, "deleted_at": lists.now(), "forget_at": forget_at}
        lists.announce("subscriber.deleted", gone)


def _active_groups(subscriber: Document) -> list[str]:
    return list(subscriber["groups"]) if subscriber["status"] == "active" else []


def _tell(lists: Lists, subscriber: Document, was: Document) -> None:
    new = was is NOBODY
    if new:
        lists.announce("subscriber.created", subscriber)
    elif any(subscriber[name] != was[name] for name in ("fields", "email")):
        lists.announce("subscriber.updated", subscriber)
    event = STATUS_EVENTS.get(subscriber["status"])
    if subscriber["status"] != was["status"] and not new and event:
        lists.announce(event, subscriber)
    for name, here, there in (
        ("subscriber.added_to_group", subscriber, was),
        ("subscriber.removed_from_group", was, subscriber),
    ):
        for group_id in here["groups"]:
            group = lists.store.get("group", group_id)
            if group and group_id not in there["groups"]:
                lists.announce(name, subscriber, group=group)


def _log(lists: Lists, subscriber: Document, was: Document) -> None:
    log = STATUS_LOGS.get(subscriber["status"])
    if log and subscriber["status"] != was["status"]:
        activity.note(lists, subscriber, log)
