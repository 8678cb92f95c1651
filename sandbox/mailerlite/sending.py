"""Campaigns on their way: scheduled, called back, sent to everybody who is to get them."""

from datetime import UTC, datetime
from typing import Any

from sandbox.mailerlite import activity, letters
from sandbox.mailerlite.campaign_documents import TEXT, missing, preview_url, recipients
from sandbox.mailerlite.campaign_documents import shown as campaign_shown
from sandbox.mailerlite.campaigns import find, keep
from sandbox.mailerlite.deliveries import ACCOUNT_ID
from sandbox.mailerlite.letters import Letter
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Refusal, Reply, invalid, moment
from sandbox.store import Document

DELIVERIES = ("instant", "scheduled")


def schedule(lists: Lists, call: Call, campaign_id: str) -> Reply:
    """It is ready; it leaves when the clock says so, an instant one with its next tick."""
    campaign = find(lists, campaign_id)
    delivery = call.body.get("delivery")
    if delivery not in DELIVERIES:
        raise invalid(delivery="The selected delivery is invalid.")
    due = lists.clock.now() if delivery == "instant" else _date(call.body.get("schedule"))
    if campaign["status"] != "draft":
        raise Refusal(422, "Campaign is not with status draft")
    if missing(campaign, len(recipients(lists, campaign))):
        raise Refusal(422, "Campaign settings missing")
    if due < lists.clock.now():
        raise invalid(schedule__date="The schedule.date must be a date in the future.")
    ready = {"status": "ready", "delivery": delivery, "due": due, "scheduled_for": moment(due)}
    return 200, {"data": campaign_shown(lists, keep(lists, {**campaign, **ready}))}


def cancel(lists: Lists, _call: Call, campaign_id: str) -> Reply:
    campaign = find(lists, campaign_id)
    if campaign["status"] != "ready":
        raise Refusal(400, {"message": "Campaign is not with status ready"})
    draft = {"status": "draft", "delivery": None, "due": None, "scheduled_for": None}
    return 200, {"data": campaign_shown(lists, keep(lists, {**campaign, **draft}))}


def _date(schedule: Any) -> int:
    """The account's zone is UTC here."""
    given = schedule if isinstance(schedule, dict) else {}
    told = f"{given.get('date')} {given.get('hours')}:{given.get('minutes')}"
    try:
        found = datetime.strptime(told, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise invalid(schedule__date="The schedule.date is not a valid date.") from None
    return int(found.timestamp())


def send(lists: Lists, campaign: Document) -> None:
    """To whoever is to get it at this moment."""
    with lists.one_act():
        found = recipients(lists, campaign)
        letter = Letter(
            subject=campaign["subject"],
            text=TEXT,
            html=campaign["content"],
            sender=f"{campaign['from_name']} <{campaign['from']}>",
            reply_to=campaign["reply_to"],
            url=preview_url(lists, campaign),
        )
        named = {"campaign_id": campaign["id"], "campaign_name": campaign["name"]}
        for subscriber in found:
            letters.post(lists, subscriber, letter)
            activity.note(lists, subscriber, "campaign_send", **named)
        at = {"due": None, "started_at": lists.now(), "finished_at": lists.now()}
        sent = keep(lists, {**campaign, "status": "sent", "sent": len(found), **at})
        lists.tell("campaign.sent", _told(lists, sent))


def _told(lists: Lists, campaign: Document) -> dict[str, Any]:
    at = datetime.fromtimestamp(lists.clock.now(), UTC)
    return {
        "id": campaign["id"],
        "name": campaign["name"],
        "total_recipients": campaign["sent"],
        "preview_url": preview_url(lists, campaign),
        "date": f"{at:%Y-%m-%dT%H:%M:%S}.000000Z",
        "event": "campaign.sent",
        "account_id": ACCOUNT_ID,
    }
