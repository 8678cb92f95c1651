"""MailerLite's account: groups, automations with their switches, campaigns, who is told."""

from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from sandbox.control.desk import HOME, Desk, back
from sandbox.mailerlite import automations, campaign_documents, campaigns, deliveries, runs
from sandbox.mailerlite.wire import Refusal
from sandbox.paging import page
from sandbox.store import Document

LISTS = f"{HOME}/list"
MINUTE = 60
# What a switch says when it is pressed, by its name and by what it is now.
SAYS = {
    "enabled": {True: "Switch it off", False: "Switch it on"},
    "repeatable": {True: "Once ever for everybody", False: "Again for who rejoins"},
    "complete": {True: "Leave it half made", False: "Complete it"},
    "broken": {True: "Mend it", False: "Break it"},
    "mail_fails": {True: "Let its mail leave", False: "Let its mail fail"},
}


def register(room: Blueprint, desk: Desk) -> None:
    lists, store = desk.lists, desk.store

    @room.get("/list")
    def account() -> str:
        found = page(store, campaigns.KIND)
        return render_template(
            "sandbox/control/list.html",
            groups=[lists.group_shown(group) for group in store.find("group")],
            automations=[_automation(desk, each) for each in store.find(automations.KIND)],
            webhooks=store.find(deliveries.KIND),
            campaigns=[campaign_documents.shown(lists, each) for each in found.documents],
            page=found,
            says=SAYS,
        )

    @room.post("/automations/<automation_id>/<switch>")
    def automation(automation_id: str, switch: str) -> Response:
        """Turn one of its switches; `delay` takes minutes."""
        found = store.get(automations.KIND, automation_id)
        if not found or (switch not in SAYS and switch != "delay"):
            abort(404)
        value = not found[switch] if switch in SAYS else _minutes() * MINUTE
        try:
            automations.set_up(lists, automation_id, **{switch: value})
        except ValueError:
            raise Refusal(422, {"message": "An email waits 30 days at most."}) from None
        desk.say(f"“{found['name']}” is changed.")
        return back(LISTS)


def _minutes() -> int:
    given = request.form.get("minutes", "").strip()
    if not given.isdecimal() or len(given) > len("43200"):
        raise Refusal(422, {"message": f"“{given}” is no number of minutes."})
    return int(given)


def _automation(desk: Desk, automation: Document) -> dict[str, Any]:
    group = desk.store.get("group", automation["group"]) if automation["group"] else None
    ran = desk.store.having(runs.KIND, "automation", automation["id"])
    counts = {status: sum(run["status"] == status for run in ran) for status in runs.STATUSES}
    return {**automation, "group": group["name"] if group else None, "runs": counts}
