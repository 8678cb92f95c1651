"""Fields: the key is made of the name at creation, and stays when the name changes."""

import re
from typing import Any

from sandbox import ids
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Reply, by_page, invalid, no_such
from sandbox.store import Document

TYPES = ("text", "number", "date")


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
    keyword = call.query.get("filter[keyword]", "").lower()
    found = lists.store.find("field", lambda f: keyword in f["name"].lower())
    return by_page(call, found, 100)


def put(lists: Lists, call: Call, field_id: str) -> Reply:
    field = {**_field(lists, field_id), "name": _name(lists, call.body)}
    lists.store.put("field", field_id, field)
    return 200, {"data": field}


def delete(lists: Lists, _call: Call, field_id: str) -> Reply:
    _field(lists, field_id)
    lists.store.remove("field", field_id)
    return 204, None


def _field(lists: Lists, field_id: str) -> Document:
    field = lists.store.get("field", field_id)
    if not field:
        raise no_such("Field", field_id)
    return field


def _name(lists: Lists, body: dict[str, Any]) -> str:
    name = body.get("name")
    if not name or not isinstance(name, str) or len(name) > 255:
        raise invalid(name="The name field is required.")
    if lists.store.first("field", lambda f: f["name"].lower() == name.lower()):
        raise invalid(name="Field name must be unique")
    return name
