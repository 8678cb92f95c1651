"""What automations do: somebody joins a group, and is mailed.

The rules are MailerLite's, and they surprise: only the active are mailed, and nobody twice within
24 hours, however often they leave the group and join it again; nor while they are still under way.
"""

from sandbox.mailerlite import activity, letters
from sandbox.mailerlite.letters import Letter
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Reply, invalid, no_such
from sandbox.store import Document

DAY = 24 * 60 * 60
KIND = "automation_run"
STATUSES = ("completed", "active", "canceled", "failed")


def enter(lists: Lists, subscriber: Document, group_id: str) -> None:
    """Somebody active has come into a group."""
    for automation in lists.store.having("automation", "group", group_id):
        works = automation["enabled"] and automation["complete"] and not automation["broken"]
        if works and _may_run(lists, automation, subscriber):
            _begin(lists, automation, subscriber)


def _may_run(lists: Lists, automation: Document, subscriber: Document) -> bool:
    earlier = lists.store.last(
        KIND, "email", subscriber["email"], lambda run: run["automation"] == automation["id"]
    )
    if earlier is None:
        return True
    rested = earlier["at"] <= lists.clock.now() - DAY and earlier["status"] != "active"
    return bool(automation["repeatable"] and rested)


def _begin(lists: Lists, automation: Document, subscriber: Document) -> None:
    run: Document = {
        "id": lists.new_id(),
        "automation": automation["id"],
        "subscriber": subscriber["id"],
        "email": subscriber["email"],
        "status": "active",
        "reason": None,
        "at": lists.clock.now(),
        "date": lists.now(),
        "due": lists.clock.now() + automation["delay"],
    }
    lists.store.put(KIND, run["id"], run)
    lists.announce("subscriber.automation_triggered", subscriber, automation=automation)
    if not automation["delay"]:
        go_on(lists, run)


def go_on(lists: Lists, run: Document) -> None:
    """Its step is due: the mail is sent, with what the fields hold now."""
    automation = lists.store.get("automation", run["automation"])
    subscriber = lists.store.get("subscriber", run["subscriber"])
    if automation is None or subscriber is None:
        return _end(lists, run, "canceled", "The automation or the subscriber was deleted")
    if automation["mail_fails"]:
        return _end(lists, run, "failed", "The email could not be sent")
    letter = Letter(automation["subject"], automation["text"], automation["html"])
    letters.post(lists, subscriber, letter)
    activity.note(
        lists,
        subscriber,
        "automation_email_sent",
        automation_id=automation["id"],
        automation_name=automation["name"],
    )
    _end(lists, run, "completed", None)
    lists.announce("subscriber.automation_completed", subscriber, automation=automation)


def cancel(lists: Lists, subscriber: Document) -> None:
    """Whoever is no longer active is taken out on the way."""
    for run in lists.store.having(
        KIND, "email", subscriber["email"], lambda run: run["status"] == "active"
    ):
        _end(lists, run, "canceled", "The subscriber is not active")


def _end(lists: Lists, run: Document, status: str, reason: str | None) -> None:
    ended = {**run, "status": status, "reason": reason, "due": None}
    lists.store.put(KIND, run["id"], ended)


def list_(lists: Lists, call: Call, automation_id: str) -> Reply:
    """Those of one status, newest first; `date_from` and `date_to` are days."""
    if not lists.store.get("automation", automation_id):
        raise no_such("Automation", automation_id)
    status = call.one_of("status", STATUSES)
    if status is None:
        raise invalid(filter__status="The filter.status field is required.")
    search = call.query.get("filter[search]", "").lower()
    first = call.query.get("filter[date_from]", "")
    last = call.query.get("filter[date_to]", "9999")
    found = lists.store.having(
        KIND,
        "automation",
        automation_id,
        lambda run: (
            run["status"] == status
            and search in run["email"]
            and first <= run["date"][: len("2026-11-21")] <= last
        ),
    )
    return by_page(call, [_shown(lists, run) for run in reversed(found)], 10)


def _shown(lists: Lists, run: Document) -> Document:
    automation = lists.store.get("automation", run["automation"])
    step = {"id": automation["email"] if automation else "", "type": "email"}
    under_way = run["status"] == "active"
    return {
        "id": run["id"],
        "status": run["status"].capitalize(),
        "date": run["date"],
        "reason": run["reason"],
        "reason_description": run["reason"] or "",
        "subscriber": {"id": run["subscriber"], "email": run["email"]},
        "stepRuns": [],
        "currentStep": step if under_way else None,
        "nextStep": None,
    }
