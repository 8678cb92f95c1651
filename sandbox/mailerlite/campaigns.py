"""Campaigns as they are written: drafts of a mail to groups. What becomes of them is `sending`."""

from typing import Any

from sandbox.mailerlite import given
from sandbox.mailerlite.deliveries import ACCOUNT_ID
from sandbox.mailerlite.lists import NOTHING, Lists
from sandbox.mailerlite.paging import by_page
from sandbox.mailerlite.wire import Call, Refusal, Reply, invalid, no_such
from sandbox.store import Document

KIND = "campaign"
LONGEST = 255
STATUSES = ("draft", "ready", "sent")
PLANS = ("advanced", "lower")  # only the first may write a mail's content by the API
LANGUAGE = {"id": "4", "shortcode": "en", "iso639": "en", "name": "English", "direction": "ltr"}
TEXT = """\
This mail is from {$account}, and your mail program shows no HTML. Read it here:

{$url}

You asked for mails from {$account}. To get no more of them:
{$unsubscribe}
"""
COUNTS = (
    "opens_count",
    "unique_opens_count",
    "clicks_count",
    "unique_clicks_count",
    "unsubscribes_count",
    "spam_count",
    "hard_bounces_count",
    "soft_bounces_count",
    "forwards_count",
    "social_interactions_count",
)
RATES = (
    "open_rate",
    "click_rate",
    "unsubscribe_rate",
    "spam_rate",
    "hard_bounce_rate",
    "soft_bounce_rate",
    "forward_rate",
    "social_interaction_rate",
    "click_to_open_rate",
)


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


def recipients(lists: Lists, campaign: Document) -> list[Document]:
    """The active of its groups; of a campaign without any group, everybody active."""
    groups = set(campaign["groups"])
    return lists.store.find(
        "subscriber",
        lambda s: s["status"] == "active" and (not groups or not groups.isdisjoint(s["groups"])),
    )


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


def preview_url(lists: Lists, campaign: Document) -> str:
    return f"{lists.public_url}/mailerlite/preview/{campaign['id']}"


def missing(campaign: Document, readers: int) -> list[str]:
    """What it lacks before it can be sent to so many."""
    lacks = {"content": campaign.get("content"), "recipients": readers}
    return [name for name, there in lacks.items() if not there]


def shown(lists: Lists, campaign: Document) -> Document:
    draft = campaign["status"] == "draft"
    readers = campaign["sent"] or len(recipients(lists, campaign))
    lacks = missing(campaign, readers)
    groups = [lists.store.get("group", id_) for id_ in campaign["groups"]]
    names = [group["name"] for group in groups if group]
    whom = [[{"operator": "in_any", "args": ["groups", campaign["groups"]]}]]
    return {
        "id": campaign["id"],
        "account_id": str(ACCOUNT_ID),
        "name": campaign["name"],
        "type": "regular",
        "status": campaign["status"],
        "missing_data": lacks,
        "settings": {
            "track_opens": True,
            "use_google_analytics": False,
            "ecommerce_tracking": False,
        },
        "filter": whom if names else [],
        "filter_for_humans": [[f"In any group: {', '.join(names)}"]] if names else [],
        "delivery_schedule": campaign["delivery"],
        "language_id": LANGUAGE["id"],
        "language": LANGUAGE,
        "created_at": campaign["created_at"],
        "updated_at": campaign["updated_at"],
        "scheduled_for": campaign["scheduled_for"],
        "queued_at": campaign["started_at"],
        "started_at": campaign["started_at"],
        "finished_at": campaign["finished_at"],
        "stopped_at": None,
        "default_email_id": campaign["email"],
        "emails": [_email_shown(lists, campaign)],
        "used_in_automations": False,
        "type_for_humans": "Regular",
        "is_stopped": False,
        "has_winner": None,
        "winner_version_for_human": None,
        "winner_sending_time_for_humans": None,
        "winner_selected_manually_at": None,
        "can": {"update": draft, "delete": True, "send": draft, "copy": True, "resend": False},
        "uses_ecommerce": False,
        "ecommerce_stats": None,
        "uses_survey": False,
        "can_be_scheduled": draft and not lacks,
        "cannot_be_scheduled_reason": None,
        "is_smart_sending_index_option_finished": False,
        "is_applied_for_smart_sending_index_option": False,
        "warnings": [],
        "recipients_count": readers,
        "next_step": None,
        "is_currently_sending_out": False,
        "can_be_copied": True,
        "has_basic_filter": True,
        "basic_filter_for_humans": {
            "included_groups": names,
            "excluded_groups": [],
            "included_segments": [],
            "excluded_segments": [],
            "all_active_subscribers": not names,
        },
        "is_eligible_for_sending": True,
        "needs_repair": False,
    }


def _email_shown(lists: Lists, campaign: Document) -> Document:
    return {
        "id": campaign["email"],
        "account_id": str(ACCOUNT_ID),
        "emailable_id": campaign["id"],
        "emailable_type": "campaigns",
        "type": "builder_html",
        "from": campaign["from"],
        "from_name": campaign["from_name"],
        "reply_to": campaign["reply_to"],
        "name": None,
        "subject": campaign["subject"],
        "plain_text": TEXT,
        "screenshot_url": None,
        "preview_url": preview_url(lists, campaign),
        "created_at": campaign["created_at"],
        "updated_at": campaign["updated_at"],
        "is_designed": bool(campaign.get("content")),
        "language_id": int(LANGUAGE["id"]),
        "language": LANGUAGE,
        "is_winner": False,
        "stats": {
            "sent": campaign["sent"],
            **dict.fromkeys(COUNTS, 0),
            **dict.fromkeys(RATES, NOTHING),
        },
        "send_after": None,
        "track_opens": True,
        "uses_survey": False,
        "uses_quiz": False,
        "preheader": None,
    }
