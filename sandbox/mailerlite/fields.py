"""Fields: the key is made of the name at creation, and stays when the name changes."""

import re
from typing import Any

from sandbox import ids
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, invalid, no_such
from sandbox.store import Document

TYPES = ("text", "number", "date")
LONGEST = 255


def create(lists: Lists, call: Call) -> Reply:
    name = _name(lists, call.body)
    if call.body.get("type") not in TYPES:
        raise invalid(type="The selected type is invalid.")
    field = {
        "id": ids.digits(6),
        "name": name,
        "key": re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"),
        "type": call.body["type"],
        "is_default": False,
    }
    lists.store.put("field", field["id"], field)
    return 201, {"data": field}


def list_(lists: Lists, call: Call) -> Reply:
    """Oldest first, or by name or type as `sort` says; with `-` before it, from the end."""
    keyword, type_ = call.query.get("filter[keyword]", "").lower(), call.one_of("type", TYPES)
    found = lists.store.find(
        "field", lambda f: keyword in f["name"].lower() and type_ in (None, f["type"])
    )
    sort = call.query.get("sort", "")
    if sort.lstrip("-") in ("name", "type"):
        found.sort(key=lambda f: str(f[sort.lstrip("-")]).lower(), reverse=sort.startswith("-"))
    return by_page(call, found, 100)


def put(lists: Lists, call: Call, field_id: str) -> Reply:
    """Another name; the key stays what it was."""
    field = _field(lists, field_id)
    field["name"] = _name(lists, call.body, field_id)
    lists.store.put("field", field_id, field)
    return 200, {"data": field}


def delete(lists: Lists, _call: Call, field_id: str) -> Reply:
    """With what was in it, of everybody."""
    field = _field(lists, field_id)
    if field["is_default"]:
        raise invalid(field="Default fields cannot be deleted.")
    lists.store.remove("field", field_id)
    key = field["key"]
    for subscriber in lists.store.find("subscriber", lambda s: key in s["fields"]):
        del subscriber["fields"][key]
        lists.write(subscriber)
    return 204, None


def _field(lists: Lists, field_id: str) -> Document:
    field = lists.store.get("field", field_id)
    if not field:
        raise no_such("Field", field_id)
    return field


def _name(lists: Lists, body: dict[str, Any], own: str = "") -> str:
    name = body.get("name")
    if not name or not isinstance(name, str):
        raise invalid(name="The name field is required.")
    if len(name) > LONGEST:
        raise invalid(name="The name may not be greater than 255 characters.")
    if lists.store.first("field", lambda f: f["name"].lower() == name.lower() and f["id"] != own):
        raise invalid(name="Field name must be unique")
    return name
