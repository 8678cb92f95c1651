"""Automations: somebody joins a group, and is mailed. The steps are dashboard work, not the API's.

The rules are MailerLite's, and they surprise: only the active are mailed, and nobody twice within
24 hours, however often they leave the group and join it again.
"""

import re
from datetime import UTC, datetime
from html import escape
from typing import Any

from sandbox.mailbox import Mail
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Refusal, Reply, by_page, invalid, no_such
from sandbox.store import Document

DAY = 24 * 60 * 60
VARIABLE = re.compile(r"\{\$(\w+)\}")
SENDER = "The newsletter <newsletter@example.com>"
SUBJECT = "{$verification_code} is your code"
TEXT = """\
{$verification_code}

Type this code on the page where you subscribed. If you did not ask for it, ignore this mail.

You get this mail because this address was given on our site.
Unsubscribe: {$unsubscribe}
"""
HTML = """\
<div style="font-family:system-ui,sans-serif;line-height:1.5;max-width:32rem">
<p style="font-size:2rem;letter-spacing:.15em"><strong>{$verification_code}</strong></p>
<p>Type this code on the page where you subscribed. If you did not ask for it, ignore this mail.</p>
<p style="color:#666;font-size:.85rem">You get this mail because this address was given on our site.
<a href="{$unsubscribe}">Unsubscribe</a></p>
</div>
"""


def prepare(lists: Lists, group: Document) -> None:
    """The automation an owner would have made by hand for the group of the codes."""
    automation = {
        "id": lists.new_id(),
        "name": f"Mail a code to {group['name']}",
        "enabled": True,
        "repeatable": True,
        "group": group["id"],
        "email": lists.new_id(),
        "subject": SUBJECT,
        "text": TEXT,
        "html": HTML,
        "created_at": lists.now(),
    }
    lists.store.put("automation", automation["id"], automation)


def entered(lists: Lists, subscriber: Document, group: Document) -> None:
    """Somebody active has come into a group."""
    for automation in lists.store.find(
        "automation", lambda a: a["enabled"] and a["group"] == group["id"]
    ):
        if _may_run(lists, automation, subscriber):
            _run(lists, automation, subscriber)


def _may_run(lists: Lists, automation: Document, subscriber: Document) -> bool:
    runs = lists.store.find(
        "automation_run",
        lambda r: r["automation"] == automation["id"] and r["email"] == subscriber["email"],
    )
    if not runs:
        return True
    return bool(automation["repeatable"] and runs[-1]["at"] <= lists.clock.now() - DAY)


def _run(lists: Lists, automation: Document, subscriber: Document) -> None:
    run = {
        "id": lists.new_id(),
        "automation": automation["id"],
        "subscriber": subscriber["id"],
        "email": subscriber["email"],
        "status": "completed",
        "at": lists.clock.now(),
        "date": lists.now(),
    }
    lists.store.put("automation_run", run["id"], run)
    lists.announce("subscriber.automation_triggered", subscriber, automation=automation)
    lists.mailbox.drop(_mail(lists, automation, subscriber))
    lists.announce("subscriber.automation_completed", subscriber, automation=automation)


def _mail(lists: Lists, automation: Document, subscriber: Document) -> Mail:
    unsubscribe = f"{lists.public_url}/mailerlite/unsubscribe/{subscriber['id']}"
    values = {**subscriber["fields"], "email": subscriber["email"], "unsubscribe": unsubscribe}
    subject = _rendered(automation["subject"], values)
    return Mail(
        to=subscriber["email"],
        sender=SENDER,
        subject=subject,
        text=_rendered(automation["text"], values),
        html=_rendered(automation["html"], {k: escape(str(v)) for k, v in values.items() if v}),
        headers={
            "From": SENDER,
            "To": subscriber["email"],
            "Subject": subject,
            "List-Unsubscribe": f"<{unsubscribe}>",
        },
        at=datetime.now(UTC),
        via="MailerLite",
    )


def _rendered(template: str, values: dict[str, Any]) -> str:
    """What a field holds at this moment; an empty one is nothing."""
    return VARIABLE.sub(lambda found: str(values.get(found[1]) or ""), template)


def list_(lists: Lists, call: Call) -> Reply:
    group, enabled = call.query.get("filter[group]"), call.query.get("filter[enabled]")
    name = call.query.get("filter[name]", "").lower()
    found = lists.store.find(
        "automation",
        lambda a: (
            group in (None, a["group"])
            and enabled in (None, str(a["enabled"]).lower(), str(int(a["enabled"])))
            and name in a["name"].lower()
        ),
    )
    return by_page(call, [_shown(lists, automation) for automation in reversed(found)], 10)


def get(lists: Lists, _call: Call, automation_id: str) -> Reply:
    return 200, {"data": _shown(lists, _automation(lists, automation_id))}


def activity(lists: Lists, call: Call, automation_id: str) -> Reply:
    _automation(lists, automation_id)
    status = call.query.get("filter[status]")
    if status not in ("completed", "active", "canceled", "failed"):
        raise invalid(filter__status="The filter.status field is required.")
    search = call.query.get("filter[search]", "").lower()
    runs = lists.store.find(
        "automation_run",
        lambda r: (
            r["automation"] == automation_id and r["status"] == status and search in r["email"]
        ),
    )
    return by_page(call, [_run_shown(run) for run in reversed(runs)], 10)


def _automation(lists: Lists, automation_id: str) -> Document:
    found = lists.store.get("automation", automation_id)
    if not found:
        raise _missing(automation_id)
    return found


def _missing(automation_id: str) -> Refusal:
    return no_such("Automation", automation_id)


def _run_shown(run: Document) -> Document:
    return {
        "id": run["id"],
        "status": run["status"].capitalize(),
        "date": run["date"],
        "reason": None,
        "reason_description": "",
        "subscriber": {"id": run["subscriber"], "email": run["email"]},
        "stepRuns": [],
        "currentStep": None,
        "nextStep": None,
    }


def _shown(lists: Lists, automation: Document) -> Document:
    group = lists.store.get("group", automation["group"])
    named = {"id": automation["group"], "name": group["name"] if group else None}
    return {
        "id": automation["id"],
        "name": automation["name"],
        "enabled": automation["enabled"],
        "trigger_data": {
            "track_ecommerce": False,
            "repeatable": automation["repeatable"],
            "valid": group is not None,
        },
        "triggers": [
            {
                "id": automation["id"],
                "type": "subscriber_joins_group",
                "group_ids": [automation["group"]],
                "groups": [{**named, "url": lists.public_url}],
                "exclude_group_ids": [],
                "broken": group is None,
                "complete": True,
            }
        ],
        "complete": True,
        "broken": group is None,
        "warnings": [],
        "emails_count": 1,
        "qualified_subscribers_count": 0,
        "steps": [
            {
                "id": automation["email"],
                "type": "email",
                "subject": automation["subject"],
                "from": "newsletter@example.com",
                "from_name": "The newsletter",
                "email_id": automation["email"],
                "complete": True,
                "broken": False,
                "has_unsubscribe_url": True,
                "eligible_for_sending": True,
            }
        ],
        "created_at": automation["created_at"],
    }
