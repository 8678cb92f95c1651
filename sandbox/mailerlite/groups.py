"""Groups."""

from typing import Any

from sandbox.mailerlite import automations
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, invalid, no_such
from sandbox.store import Document

LONGEST = 255


def create(lists: Lists, call: Call) -> Reply:
    group = {"id": lists.new_id(), "name": _name(call.body), "created_at": lists.now()}
    lists.store.put("group", group["id"], group)
    if group["name"] == lists.code_group:
        automations.prepare(lists, group)
    return 201, {"data": lists.group_shown(group)}


def list_(lists: Lists, call: Call) -> Reply:
    """Newest first, or by name as `sort` says."""
    name, sort = call.query.get("filter[name]", "").lower(), call.query.get("sort", "")
    found = lists.store.find("group", lambda g: name in g["name"].lower())[::-1]
    if sort.lstrip("-") == "name":
        found.sort(key=lambda g: str(g["name"]).lower(), reverse=sort.startswith("-"))
    return by_page(call, [lists.group_shown(group) for group in found], 25)


def put(lists: Lists, call: Call, group_id: str) -> Reply:
    group = {**find(lists, group_id), "name": _name(call.body)}
    lists.store.put("group", group_id, group)
    return 200, {"data": lists.group_shown(group)}


def delete(lists: Lists, _call: Call, group_id: str) -> Reply:
    """Its people stay; an automation that began with it is broken from now on."""
    find(lists, group_id)
    lists.store.remove("group", group_id)
    for subscriber in lists.store.find("subscriber", lambda s: group_id in s["groups"]):
        subscriber["groups"].remove(group_id)
        lists.write(subscriber)
    return 204, None


def find(lists: Lists, group_id: str) -> Document:
    group = lists.store.get("group", group_id)
    if not group:
        raise no_such("Group", group_id)
    return group


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not name or not isinstance(name, str):
        raise invalid(name="The name field is required.")
    if len(name) > LONGEST:
        raise invalid(name="The name may not be greater than 255 characters.")
    return name
