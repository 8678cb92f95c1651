"""Subscribers: made and added to by POST, overwritten by PUT."""

import re
from datetime import datetime
from typing import Any

from sandbox.mailerlite import automations
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Refusal, Reply, by_cursor, invalid, moment, no_such
from sandbox.store import Document

STATUSES = ("active", "unsubscribed", "unconfirmed", "bounced", "junk")
DEAD = ("unsubscribed", "bounced", "junk")
STATUS_EVENTS = {
    "active": "subscriber.active",
    "bounced": "subscriber.bounced",
    "junk": "subscriber.spam_reported",
    "unsubscribed": "subscriber.unsubscribed",
}
DATES = ("subscribed_at", "opted_in_at", "unsubscribed_at")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
MONTH = 30 * 24 * 60 * 60


def upsert(lists: Lists, call: Call) -> Reply:
    """201 for a new one, 200 for one that was there. Takes nothing away."""
    email = _email(call.body.get("email"))
    written = _written(lists, call.body)
    before = _by_email(lists, email)
    if before is None:
        subscriber = {**_new(lists, email), **written}
        subscriber["groups"] = written.get("groups", [])
        save(lists, subscriber, before=None)
        return 201, {"data": lists.shown(subscriber)}
    if before["status"] == "unsubscribed":
        if call.body.get("resubscribe") is not True:
            raise invalid(email="This subscriber is unsubscribed and cannot be imported")
        before["unsubscribed_at"] = None
        written.setdefault("status", "active")
    elif before["status"] in DEAD:
        written.pop("status", None)  # nobody comes back from a bounce or a complaint this way
    subscriber = {
        **before,
        **written,
        "fields": {**before["fields"], **written.get("fields", {})},
        "groups": list(dict.fromkeys([*before["groups"], *written.get("groups", [])])),
    }
    save(lists, subscriber, before=_by_email(lists, email))
    return 200, {"data": lists.shown(subscriber)}


def put(lists: Lists, call: Call, subscriber_id: str) -> Reply:
    """`groups`, when given, are the only ones from now on."""
    before = find(lists, subscriber_id)
    written = _written(lists, call.body)
    if before["status"] in DEAD and written.get("status", before["status"]) != before["status"]:
        raise invalid(status=f"The subscriber is {before['status']} and cannot be activated.")
    if "email" in call.body:
        written["email"] = _email(call.body["email"])
        other = _by_email(lists, written["email"])
        if other and other["id"] != before["id"]:
            raise invalid(email="The email has already been taken.")
    subscriber = {**before, **written}
    subscriber["fields"] = {**before["fields"], **written.get("fields", {})}
    save(lists, subscriber, before)
    return 200, {"data": lists.shown(subscriber)}


def get(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    return 200, {"data": lists.shown(find(lists, subscriber_id))}


def list_(lists: Lists, call: Call) -> Reply:
    if call.query.get("limit") == "0":
        return 200, {"total": len(lists.store.find("subscriber"))}
    return _page(lists, call, lists.store.find("subscriber"))


def of_group(lists: Lists, call: Call, group_id: str) -> Reply:
    if not lists.store.get("group", group_id):
        raise no_such("Group", group_id)
    return _page(lists, call, lists.store.find("subscriber", lambda s: group_id in s["groups"]))


def _page(lists: Lists, call: Call, found: list[Document]) -> Reply:
    status = call.query.get("filter[status]")
    wanted = [lists.shown(s) for s in reversed(found) if status in (None, s["status"])]
    if call.query.get("include") != "groups":
        for shown in wanted:
            del shown["groups"]
    return by_cursor(call, wanted, 25)


def delete(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    remove(lists, find(lists, subscriber_id))
    return 204, None


def forget(lists: Lists, _call: Call, subscriber_id: str) -> Reply:
    subscriber = find(lists, subscriber_id)
    remove(lists, subscriber)
    gone = {
        **lists.shown(subscriber),
        "deleted_at": lists.now(),
        "forget_at": moment(lists.clock.now() + MONTH),
    }
    said = "Subscriber data will be completely deleted and forgotten within 30 days."
    return 200, {"data": gone, "message": said}


def remove(lists: Lists, subscriber: Document) -> None:
    """Gone from the list, and told so."""
    lists.store.remove("subscriber", subscriber["id"])
    lists.announce("subscriber.deleted", subscriber)


def join(lists: Lists, _call: Call, subscriber_id: str, group_id: str) -> Reply:
    before, group = find(lists, subscriber_id), _group(lists, group_id)
    groups = list(dict.fromkeys([*before["groups"], group_id]))
    save(lists, {**before, "groups": groups}, before)
    return 200, {"data": lists.group_shown(group)}


def leave(lists: Lists, _call: Call, subscriber_id: str, group_id: str) -> Reply:
    before = find(lists, subscriber_id)
    _group(lists, group_id)
    save(lists, {**before, "groups": [g for g in before["groups"] if g != group_id]}, before)
    return 204, None


def find(lists: Lists, id_or_email: str) -> Document:
    found = lists.store.get("subscriber", id_or_email) or _by_email(lists, id_or_email.lower())
    if not found:
        raise no_such("Subscriber\\Subscriber")
    return found


def _by_email(lists: Lists, email: str) -> Document | None:
    return lists.store.first("subscriber", lambda s: s["email"] == email)


def _group(lists: Lists, group_id: str) -> Document:
    group = lists.store.get("group", group_id)
    if not group:
        raise no_such("Group", group_id)
    return group


def _new(lists: Lists, email: str) -> Document:
    now = lists.now()
    return {
        "id": lists.new_id(),
        "email": email,
        "status": "active",
        "source": "api",
        "sent": 0,
        "opens_count": 0,
        "clicks_count": 0,
        "open_rate": 0,
        "click_rate": 0,
        "ip_address": None,
        "subscribed_at": now,
        "unsubscribed_at": None,
        "created_at": now,
        "updated_at": now,
        "fields": {},
        "groups": [],
        "opted_in_at": None,
        "optin_ip": None,
    }


def _email(value: Any) -> str:
    if not value:
        raise invalid(email="The email field is required.")
    if not isinstance(value, str) or len(value) > 254 or not EMAIL.fullmatch(value):
        raise invalid(email="The email must be a valid email address.")
    return value.lower()


def _written(lists: Lists, body: dict[str, Any]) -> dict[str, Any]:
    """What a body asks to write; fields that are not there are ignored, as it is done there."""
    written = {name: body[name] for name in (*DATES, "ip_address", "optin_ip") if name in body}
    for name in DATES:
        _refuse_bad_date(name, written.get(name))
    if "status" in body:
        if body["status"] not in STATUSES:
            raise invalid(status="The selected status is invalid.")
        written["status"] = body["status"]
    if "fields" in body:
        written["fields"] = _fields(lists, body["fields"])
    if "groups" in body:
        written["groups"] = _groups(lists, body["groups"])
    return written


def _refuse_bad_date(name: str, value: Any) -> None:
    if value is None:
        return
    try:
        datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (it has no zone)
    except ValueError:
        wrong = f"The {name} does not match the format Y-m-d H:i:s."
        raise invalid(**{name: wrong}) from None


def _fields(lists: Lists, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise invalid(fields="The fields must be an array.")
    keys = {field["key"] for field in lists.store.find("field")}
    return {key: value for key, value in given.items() if key in keys}


def _groups(lists: Lists, given: Any) -> list[str]:
    if not isinstance(given, list):
        raise invalid(groups="The groups must be an array.")
    for place, id_ in enumerate(given):
        field = f"groups__{place}"
        if not isinstance(id_, str | int) or not str(id_).isdecimal():
            raise invalid(**{field: f"The groups.{place} field must be a number."})
        if not lists.store.get("group", str(id_)):
            raise invalid(**{field: f"The selected groups.{place} is invalid."})
    return list(dict.fromkeys(str(id_) for id_ in given))


def save(lists: Lists, subscriber: Document, before: Document | None) -> None:
    """Write it, tell whoever listens, and start the automations of the groups come into."""
    subscriber["updated_at"] = lists.now()
    lists.store.put("subscriber", subscriber["id"], subscriber)
    was = before or {"groups": [], "status": None, "fields": {}}
    _tell(lists, subscriber, was, new=before is None)
    for group_id in _active_groups(subscriber) - _active_groups(was):
        automations.entered(lists, subscriber, _group(lists, group_id))


def _active_groups(subscriber: Document) -> set[str]:
    return set(subscriber["groups"]) if subscriber["status"] == "active" else set()


def _tell(lists: Lists, subscriber: Document, was: Document, *, new: bool) -> None:
    if new:
        lists.announce("subscriber.created", subscriber)
    elif subscriber["fields"] != was["fields"]:
        lists.announce("subscriber.updated", subscriber)
    if subscriber["status"] != was["status"] and not new:
        event = STATUS_EVENTS.get(subscriber["status"])
        if event:
            lists.announce(event, subscriber)
    for group_id in set(subscriber["groups"]) - set(was["groups"]):
        group = _group(lists, group_id)
        lists.announce("subscriber.added_to_group", subscriber, group=group)
    for group_id in set(was["groups"]) - set(subscriber["groups"]):
        group = _group(lists, group_id)
        lists.announce("subscriber.removed_from_group", subscriber, group=group)


def refused() -> Refusal:
    """What every write is answered while MailerLite refuses."""
    return invalid(email="This subscriber cannot be imported.")
