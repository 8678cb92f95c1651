"""Campaigns as they are written: drafts of a mail to groups. What becomes of them is `sending`."""

from typing import Any

from sandbox.mailerlite import given
from sandbox.mailerlite.campaign_documents import shown
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Refusal, Reply, invalid, no_such
from sandbox.store import Document

KIND = "campaign"
LONGEST = 255
STATUSES = ("draft", "ready", "sent")
PLANS = ("advanced", "lower")  # only the first may write a mail's content by the API


def create(lists: Lists, call: Call) -> Reply:
    wrong = {} if call.body.get("type") == "regular" else {"type": "The selected type is invalid."}
    written = _written(lists, call.body, wrong)
    campaign: Document = {
        "id": lists.new_id(),
        "email": lists.new_id(),
        "status": "draft",
        "delivery": None,
        "scheduled_for": None,
        "started_at": None,
        "finished_at": None,
        "sent": 0,
        "due": None,
        "created_at": lists.now(),
        "groups": [],
        **written,
    }
    return 201, {"data": shown(lists, keep(lists, campaign))}


def put(lists: Lists, call: Call, campaign_id: str) -> Reply:
    """Only a draft is changed."""
    campaign = find(lists, campaign_id)
    if campaign["status"] != "draft":
        raise Refusal(422, "Campaign is not with status draft")
    written = _written(lists, call.body, {})
    return 200, {"data": shown(lists, keep(lists, {**campaign, **written}))}


def get(lists: Lists, _call: Call, campaign_id: str) -> Reply:
    return 200, {"data": shown(lists, find(lists, campaign_id))}


def list_(lists: Lists, call: Call) -> Reply:
    """Newest first; those that are ready, unless another status is asked for."""
    status = call.one_of("status", STATUSES) or "ready"
    found = lists.store.having(KIND, "status", status)
    return by_page(call, [shown(lists, campaign) for campaign in reversed(found)], 25)


def delete(lists: Lists, _call: Call, campaign_id: str) -> Reply:
    find(lists, campaign_id)
    lists.store.remove(KIND, campaign_id)
    return 204, None


def find(lists: Lists, campaign_id: str) -> Document:
    found = lists.store.get(KIND, campaign_id)
    if not found:
        raise no_such("Campaign\\Campaign", campaign_id)
    return found


def keep(lists: Lists, campaign: Document) -> Document:
    campaign["updated_at"] = lists.now()
    lists.store.put(KIND, campaign["id"], campaign)
    return campaign


def _written(lists: Lists, body: dict[str, Any], wrong: dict[str, str]) -> Document:
    """What a body says of a campaign. Raises Refusal with everything that is wrong in it."""
    wrong = {**wrong, **_wrong_text("name", body.get("name"))}
    emails = body.get("emails")
    email = emails[0] if isinstance(emails, list) and len(emails) == 1 else None
    if not isinstance(email, dict):
        raise invalid(**wrong, emails="The emails must contain 1 items.")
    wrong |= _wrong_email(lists, email)
    groups = given.written(lists, {"groups": body["groups"]}) if "groups" in body else {}
    if wrong:
        raise invalid(**wrong)
    content = {"content": email["content"]} if "content" in email else {}
    names = ("subject", "from_name", "from")
    return {
        "name": body["name"],
        **groups,
        **{name: email[name] for name in names},
        "reply_to": email.get("reply_to") or email["from"],
        **content,
    }


def _wrong_email(lists: Lists, email: dict[str, Any]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name in ("subject", "from_name", "from"):
        wrong |= _wrong_text(f"emails__0__{name}", email.get(name))
    for name in ("from", "reply_to"):
        value = email.get(name)
        if value and not given.EMAIL.fullmatch(str(value)):
            wrong[f"emails__0__{name}"] = f"The emails.0.{name} must be a valid email address."
    if email.get("content") is not None:
        if not isinstance(email["content"], str):
            wrong["emails__0__content"] = "The emails.0.content must be a string."
        elif plan(lists) != "advanced":
            refused = "Content submission is only available on advanced plan."
            wrong["emails__0__content"] = refused
    return wrong


def _wrong_text(name: str, value: Any) -> dict[str, str]:
    said = name.replace("__", ".")
    if not value or not isinstance(value, str):
        return {name: f"The {said} field is required."}
    if len(value) > LONGEST:
        return {name: f"The {said} may not be greater than 255 characters."}
    return {}


def plan(lists: Lists) -> str:
    return str(lists.setting("plan", PLANS[0]))
