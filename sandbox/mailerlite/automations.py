"""Automations as they are set up. Their triggers and steps are dashboard work, not the API's."""

from typing import Any

from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, invalid, no_such
from sandbox.store import Document

KIND = "automation"
LONGEST = 255
SUBJECT = "{$verification_code} is your code"
TEXT = """\
{$verification_code}

Type this code on the page where you subscribed. If you did not ask for it, ignore this mail.
"""
HTML = """\
<div style="font-family:system-ui,sans-serif;line-height:1.5;max-width:32rem">
<p style="font-size:2rem;letter-spacing:.15em"><strong>{$verification_code}</strong></p>
<p>Type this code on the page where you subscribed. If you did not ask for it, ignore this mail.</p>
</div>
"""
# What can be set on MailerLite's own pages, and here in the control room.
SWITCHES = ("enabled", "repeatable", "complete", "broken", "mail_fails")
WELL: Document = {
    "enabled": True,
    "repeatable": True,
    "complete": True,
    "broken": False,
    "mail_fails": False,
    "delay": 0,
}


def prepare(lists: Lists, group: Document) -> None:
    """The automation an owner would have made by hand for the group of the codes."""
    _keep(lists, {**_new(lists, f"Mail a code to {group['name']}"), **WELL, "group": group["id"]})


def set_up(lists: Lists, automation_id: str, **changed: Any) -> Document:
    """As on its page there: the SWITCHES, and a `delay` in seconds before its mail.

    Raises ValueError for anything else.
    """
    for name, value in changed.items():
        good = isinstance(value, bool) if name in SWITCHES else name == "delay" and _is_delay(value)
        if not good:
            raise ValueError(f"an automation cannot have {name} {value!r}")
    return _keep(lists, {**_automation(lists, automation_id), **changed})


def _is_delay(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 30 * 86_400


def create(lists: Lists, call: Call) -> Reply:
    """Only a draft: it has a name, and nothing that begins it."""
    name = call.body.get("name")
    if not name or not isinstance(name, str):
        raise invalid(name="The name field is required.")
    if len(name) > LONGEST:
        raise invalid(name="The name may not be greater than 255 characters.")
    draft = {**_new(lists, name), "enabled": False, "complete": False, "repeatable": False}
    return 201, {"data": _shown(lists, _keep(lists, draft))}


def delete(lists: Lists, _call: Call, automation_id: str) -> Reply:
    _automation(lists, automation_id)
    lists.store.remove(KIND, automation_id)
    return 204, None


def _new(lists: Lists, name: str) -> Document:
    return {
        **WELL,
        "id": lists.new_id(),
        "name": name,
        "group": None,
        "email": lists.new_id(),
        "subject": SUBJECT,
        "text": TEXT,
        "html": HTML,
        "created_at": lists.now(),
    }


def _keep(lists: Lists, automation: Document) -> Document:
    lists.store.put(KIND, automation["id"], automation)
    return automation


def list_(lists: Lists, call: Call) -> Reply:
    group, enabled = call.query.get("filter[group]"), call.query.get("filter[enabled]")
    name = call.query.get("filter[name]", "").lower()
    found = lists.store.find(
        KIND,
        lambda a: (
            group in (None, a["group"])
            and enabled in (None, str(a["enabled"]).lower(), str(int(a["enabled"])))
            and name in a["name"].lower()
        ),
    )
    return by_page(call, [_shown(lists, automation) for automation in reversed(found)], 10)


def get(lists: Lists, _call: Call, automation_id: str) -> Reply:
    return 200, {"data": _shown(lists, _automation(lists, automation_id))}


def _automation(lists: Lists, automation_id: str) -> Document:
    found = lists.store.get(KIND, automation_id)
    if not found:
        raise no_such("Automation", automation_id)
    return found


def _shown(lists: Lists, automation: Document) -> Document:
    whole = automation["complete"]
    broken = automation["broken"] or (whole and not _group(lists, automation))
    return {
        "id": automation["id"],
        "name": automation["name"],
        "enabled": automation["enabled"],
        "trigger_data": {
            "track_ecommerce": False,
            "repeatable": automation["repeatable"],
            "valid": whole and not broken,
        },
        "triggers": [_trigger(lists, automation, broken)] if automation["group"] else [],
        "complete": whole,
        "broken": broken,
        "warnings": [],
        "emails_count": 1 if whole else 0,
        "created_at": automation["created_at"],
        "has_banned_content": False,
        "qualified_subscribers_count": 0,
        "steps": _steps(automation) if automation["group"] else [],
    }


def _group(lists: Lists, automation: Document) -> Document | None:
    return lists.store.get("group", automation["group"]) if automation["group"] else None


def _trigger(lists: Lists, automation: Document, broken: bool) -> Document:
    group = _group(lists, automation)
    named = {"id": automation["group"], "name": group["name"] if group else None}
    return {
        "id": automation["id"],
        "type": "subscriber_joins_group",
        "group_ids": [automation["group"]],
        "groups": [{**named, "url": lists.public_url}],
        "exclude_group_ids": [],
        "excluded_groups": [],
        "broken": broken,
        "complete": automation["complete"],
    }


def _steps(automation: Document) -> list[Document]:
    mail: Document = {
        "id": automation["email"],
        "type": "email",
        "parent_id": None,
        "name": automation["subject"],
        "subject": automation["subject"],
        "from": "newsletter@example.com",
        "from_name": "The newsletter",
        "email_id": automation["email"],
        "description": automation["subject"],
        "complete": automation["complete"],
        "broken": automation["broken"],
        "has_unsubscribe_url": True,
        "eligible_for_sending": not automation["mail_fails"],
    }
    if not automation["delay"]:
        return [mail]
    wait = {
        "id": f"{automation['email']}0",
        "type": "delay",
        "parent_id": None,
        "unit": "minutes",
        "value": str(automation["delay"] // 60),
        "complete": True,
        "broken": False,
    }
    return [wait, {**mail, "parent_id": wait["id"]}]
