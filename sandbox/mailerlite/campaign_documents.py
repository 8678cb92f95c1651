"""What MailerLite shows of a campaign: whom it goes to, what it lacks, and how it has done."""

from sandbox.mailerlite.deliveries import ACCOUNT_ID
from sandbox.mailerlite.lists import NOTHING, Lists
from sandbox.store import Document

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


def recipients(lists: Lists, campaign: Document) -> list[Document]:
    """The active of its groups; of a campaign without any group, everybody active."""
    groups = set(campaign["groups"])
    return lists.store.find(
        "subscriber",
        lambda s: s["status"] == "active" and (not groups or not groups.isdisjoint(s["groups"])),
    )


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
