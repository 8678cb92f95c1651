"""Answers of the real MailerLite, recorded by others, against those given here: key by key.

Only names and kinds of values are compared; a list stands for its first member.
"""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.server import Sandbox

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"
TEXT, WHOLE, YES = "text", 1, True
RATE = {"float": 0, "string": TEXT}

Example = dict[str, Any]
FIELDS = dict.fromkeys(
    ("name", "last_name", "company", "country", "city", "phone", "state", "z_i_p")
)
SUBSCRIBER: Example = {
    **dict.fromkeys(("id", "email", "status", "source"), TEXT),
    **dict.fromkeys(("sent", "opens_count", "clicks_count", "open_rate", "click_rate"), WHOLE),
    **dict.fromkeys(("subscribed_at", "created_at", "updated_at"), TEXT),
    **dict.fromkeys(("ip_address", "unsubscribed_at", "opted_in_at", "optin_ip")),
    "fields": FIELDS,
    "groups": [],
}
GROUP = {
    **dict.fromkeys(("id", "name", "created_at"), TEXT),
    **dict.fromkeys(
        (
            "active_count",
            "sent_count",
            "opens_count",
            "clicks_count",
            "unsubscribed_count",
            "unconfirmed_count",
            "bounced_count",
            "junk_count",
        ),
        WHOLE,
    ),
    "open_rate": RATE,
    "click_rate": RATE,
}
FIELD = {**dict.fromkeys(("id", "name", "key", "type"), TEXT), "is_default": YES}
AUTOMATION: Example = {
    **dict.fromkeys(("id", "name"), TEXT),
    **dict.fromkeys(("enabled", "complete", "broken"), YES),
    "trigger_data": dict.fromkeys(("track_ecommerce", "repeatable", "valid"), YES),
    "triggers": [
        {
            **dict.fromkeys(("id", "type"), TEXT),
            "group_ids": [TEXT],
            "groups": [dict.fromkeys(("id", "name", "url"), TEXT)],
            "exclude_group_ids": [],
            **dict.fromkeys(("broken", "complete"), YES),
        }
    ],
    "warnings": [],
    **dict.fromkeys(("emails_count", "qualified_subscribers_count"), WHOLE),
    "steps": [
        {
            **dict.fromkeys(("id", "type", "subject", "from", "from_name", "email_id"), TEXT),
            **dict.fromkeys(
                ("complete", "broken", "has_unsubscribe_url", "eligible_for_sending"), YES
            ),
        }
    ],
}
RUN: Example = {
    **dict.fromkeys(("id", "status", "date", "reason_description"), TEXT),
    "subscriber": {"id": TEXT, "email": TEXT},
    "stepRuns": [],
    **dict.fromkeys(("reason", "currentStep", "nextStep")),
}
WEBHOOK = {
    **dict.fromkeys(("id", "name", "url", "secret", "created_at", "updated_at", "version"), TEXT),
    "events": [TEXT],
    **dict.fromkeys(("enabled", "is_blocked", "batchable"), YES),
    **dict.fromkeys(("last_fired_at", "response_code")),
}
LANGUAGE = dict.fromkeys(("id", "shortcode", "iso639", "name", "direction"), TEXT)
STATS = {
    **dict.fromkeys(
        (
            "sent",
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
        ),
        WHOLE,
    ),
    **dict.fromkeys(
        (
            "open_rate",
            "click_rate",
            "unsubscribe_rate",
            "spam_rate",
            "hard_bounce_rate",
            "soft_bounce_rate",
            "forward_rate",
            "social_interaction_rate",
            "click_to_open_rate",
        ),
        RATE,
    ),
}
CAMPAIGN_EMAIL = {
    **dict.fromkeys(
        (
            "id",
            "account_id",
            "emailable_id",
            "emailable_type",
            "type",
            "from",
            "from_name",
            "reply_to",
            "subject",
            "plain_text",
            "preview_url",
            "created_at",
            "updated_at",
        ),
        TEXT,
    ),
    **dict.fromkeys(("is_designed", "is_winner", "track_opens", "uses_survey", "uses_quiz"), YES),
    **dict.fromkeys(("name", "screenshot_url", "send_after", "preheader")),
    "language_id": WHOLE,
    "language": LANGUAGE,
    "stats": STATS,
}
CAMPAIGN: Example = {
    **dict.fromkeys(
        (
            "id",
            "account_id",
            "name",
            "type",
            "status",
            "language_id",
            "created_at",
            "updated_at",
            "default_email_id",
            "type_for_humans",
        ),
        TEXT,
    ),
    **dict.fromkeys(
        (
            "used_in_automations",
            "is_stopped",
            "uses_ecommerce",
            "uses_survey",
            "can_be_scheduled",
            "is_smart_sending_index_option_finished",
            "is_applied_for_smart_sending_index_option",
            "is_currently_sending_out",
            "can_be_copied",
            "has_basic_filter",
            "is_eligible_for_sending",
            "needs_repair",
        ),
        YES,
    ),
    **dict.fromkeys(
        (
            "delivery_schedule",
            "scheduled_for",
            "queued_at",
            "started_at",
            "finished_at",
            "stopped_at",
            "has_winner",
            "winner_version_for_human",
            "winner_sending_time_for_humans",
            "winner_selected_manually_at",
            "ecommerce_stats",
            "cannot_be_scheduled_reason",
            "next_step",
        )
    ),
    **{key: [] for key in ("missing_data", "filter", "filter_for_humans", "warnings")},
    "settings": dict.fromkeys(("track_opens", "use_google_analytics", "ecommerce_tracking"), YES),
    "language": LANGUAGE,
    "emails": [CAMPAIGN_EMAIL],
    "can": dict.fromkeys(("update", "delete", "send", "copy", "resend"), YES),
    "recipients_count": WHOLE,
    "basic_filter_for_humans": {
        "included_groups": [],
        "excluded_groups": [],
        "included_segments": [],
        "excluded_segments": [],
        "all_active_subscribers": YES,
    },
}
BATCH = {
    **dict.fromkeys(("total", "successful", "failed"), WHOLE),
    "responses": [{"code": WHOLE, "body": {"message": TEXT}}],
}
CURSORS = {
    "links": dict.fromkeys(("first", "last", "prev", "next")),
    "meta": {
        "path": TEXT,
        "per_page": WHOLE,
        **dict.fromkeys(("next_cursor", "prev_cursor")),
    },
}
PAGES = {
    "links": {"first": TEXT, "last": TEXT, "prev": None, "next": None},
    "meta": {
        **dict.fromkeys(("current_page", "from", "last_page", "per_page", "to", "total"), WHOLE),
        "links": [{"url": None, "label": TEXT, "active": YES}],
        "path": TEXT,
    },
}


def amiss(recorded: Any, given: Any, at: str = "") -> list[str]:
    """Where an answer of ours is of another kind than a recorded one; None fits anything."""
    if recorded is None or given is None:
        return []
    if type(recorded) is not type(given):
        return [f"{at}: {given!r}"]
    if isinstance(recorded, dict):
        return [
            wrong
            for key, value in recorded.items()
            for wrong in (
                amiss(value, given[key], f"{at}.{key}") if key in given else [f"{at}.{key} missing"]
            )
        ]
    if isinstance(recorded, list) and recorded and given:
        return amiss(recorded[0], given[0], f"{at}[0]")
    return []


@pytest.fixture
def answers(mailerlite: Call, verify: str, sandbox: Sandbox) -> dict[str, Any]:
    """One answer of each kind."""
    grace = mailerlite("POST", "/subscribers", email=GRACE)
    mailerlite("POST", f"/subscribers/{GRACE}/groups/{verify}")
    (automation,) = mailerlite("GET", "/automations").json()["data"]
    one = f"/automations/{automation['id']}"
    mail = {"subject": "Hello", "from_name": "Us", "from": "us@example.com", "content": "<p>Hi</p>"}
    missing = [{"method": "GET", "path": "api/subscribers/list"}]
    hooks = {"name": "app", "url": "http://127.0.0.1:9/", "events": ["subscriber.created"]}
    campaign = {"name": "Test", "type": "regular", "emails": [mail]}
    (run,) = mailerlite("GET", f"{one}/activity?filter[status]=completed").json()["data"]
    return {
        "subscriber": grace.json()["data"],
        "subscribers": mailerlite("GET", "/subscribers").json(),
        "group": mailerlite("POST", "/groups", name="Free").json()["data"],
        "groups": mailerlite("GET", "/groups").json(),
        "field": mailerlite("POST", "/fields", name="My Field", type="text").json()["data"],
        "automation": mailerlite("GET", one).json()["data"],
        "run": run,
        "webhook": mailerlite("POST", "/webhooks", **hooks).json()["data"],
        "campaign": mailerlite("POST", "/campaigns", **campaign).json()["data"],
        "batch": mailerlite("POST", "/batch", requests=missing).json(),
    }


def test_answers_are_of_the_recorded_kind(answers: dict[str, Any]) -> None:
    recorded = {
        "subscriber": SUBSCRIBER,
        "subscribers": CURSORS,
        "group": GROUP,
        "groups": PAGES,
        "field": FIELD,
        "automation": AUTOMATION,
        "run": RUN,
        "webhook": WEBHOOK,
        "campaign": CAMPAIGN,
        "batch": BATCH,
    }
    assert [
        wrong for kind in recorded for wrong in amiss(recorded[kind], answers[kind], kind)
    ] == []
    for kind in ("subscriber", "group", "automation", "webhook", "campaign"):
        assert answers[kind]["id"].isdecimal()
        assert len(answers[kind]["id"]) >= 17
    assert len(answers["webhook"]["secret"]) == 10
    assert answers["field"]["key"] == "my_field"


def test_what_is_compared_can_differ() -> None:
    assert amiss({"id": "1", "all": [{"n": 1}]}, {"id": 1, "all": [{"n": "1"}]}) == [
        ".id: 1",
        ".all[0].n: '1'",
    ]
    assert amiss({"id": "1"}, {}) == [".id missing"]
