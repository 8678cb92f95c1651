"""What a body asks to write of a subscriber: read, and refused by field where it is wrong."""

import re
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import invalid

STATUSES = ("active", "unsubscribed", "unconfirmed", "bounced", "junk")
DATES = ("subscribed_at", "opted_in_at", "unsubscribed_at")
ADDRESSES = ("ip_address", "optin_ip")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
LONGEST = 254


def email(value: Any) -> str:
    """In lower case, as it is kept."""
    if not value:
        raise invalid(email="The email field is required.")
    if not isinstance(value, str) or len(value) > LONGEST or not EMAIL.fullmatch(value):
        raise invalid(email="The email must be a valid email address.")
    return value.lower()


def written(lists: Lists, body: dict[str, Any]) -> dict[str, Any]:
    """Only what is there; what MailerLite does not know is ignored, as it is done there."""
    wrong = {**_wrong_values(body), **_wrong_fields(body), **_wrong_groups(lists, body)}
    if wrong:
        raise invalid(**wrong)
    found = {name: body[name] for name in (*DATES, *ADDRESSES, "status") if name in body}
    if "fields" in body:
        keys = {field["key"] for field in lists.store.find("field")}
        found["fields"] = {key: value for key, value in body["fields"].items() if key in keys}
    if "groups" in body:
        found["groups"] = list(dict.fromkeys(str(id_) for id_ in body["groups"]))
    return found


def _wrong_values(body: dict[str, Any]) -> dict[str, str]:
    wrong = {}
    if "status" in body and body["status"] not in STATUSES:
        wrong["status"] = "The selected status is invalid."
    for name in DATES:
        if body.get(name) is not None and not _is_date(body[name]):
            wrong[name] = f"The {name} does not match the format Y-m-d H:i:s."
    for name in ADDRESSES:
        if body.get(name) is not None and not _is_address(body[name]):
            wrong[name] = f"The {name} must be a valid IP address."
    return wrong


def _is_date(value: Any) -> bool:
    try:
        datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (it has no zone)
    except ValueError:
        return False
    return True


def _is_address(value: Any) -> bool:
    try:
        ip_address(str(value))
    except ValueError:
        return False
    return True


def _wrong_fields(body: dict[str, Any]) -> dict[str, str]:
    fields = body.get("fields", {})
    if not isinstance(fields, dict):
        return {"fields": "The fields must be an array."}
    return {
        f"fields__{key}": f"The fields.{key} must be a string."
        for key, value in fields.items()
        if isinstance(value, dict | list)
    }


def _wrong_groups(lists: Lists, body: dict[str, Any]) -> dict[str, str]:
    groups = body.get("groups", [])
    if not isinstance(groups, list):
        return {"groups": "The groups must be an array."}
    wrong = {}
    for place, id_ in enumerate(groups):
        if isinstance(id_, bool) or not str(id_).isdecimal() or not isinstance(id_, str | int):
            wrong[f"groups__{place}"] = f"The groups.{place} field must be a number."
        elif not lists.store.get("group", str(id_)):
            wrong[f"groups__{place}"] = f"The selected groups.{place} is invalid."
    return wrong
