"""MailerLite's campaigns: drafts, schedules, and who is mailed what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sandbox.server import Sandbox
from tests.sandbox.shop import Hook
from tests.support.browser import Elsewhere

Call = Callable[..., requests.Response]
GRACE, ADA = "grace@example.com", "ada@example.com"
DAY = 24 * 60 * 60
MAIL = {
    "subject": "Hello {$name|default('you')}",
    "from_name": "The site",
    "from": "news@example.com",
    "content": '<html><body><p>For {$name}</p><a href="{$unsubscribe}">Leave</a></body></html>',
}


@pytest.fixture
def readers(mailerlite: Call, free: str) -> str:
    """Grace is in the group that this is; Ada is in none."""
    mailerlite("POST", "/subscribers", email=GRACE, groups=[free], fields={"name": "Gr<ace"})
    mailerlite("POST", "/subscribers", email=ADA)
    return free


def draft(mailerlite: Call, groups: list[str], **mail: Any) -> Any:
    body = {"name": "post:1", "type": "regular", "emails": [{**MAIL, **mail}], "groups": groups}
    answer = mailerlite("POST", "/campaigns", **body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def test_a_campaign_is_a_draft_then_ready_then_sent(
    mailerlite: Call, sandbox: Sandbox, readers: str
) -> None:
    made = draft(mailerlite, [readers])
    assert (made["status"], made["recipients_count"], made["can_be_scheduled"]) == (
        "draft",
        1,
        True,
    )
    path = f"/campaigns/{made['id']}"
    ready = mailerlite("POST", f"{path}/schedule", delivery="instant")
    assert (ready.status_code, ready.json()["data"]["status"]) == (200, "ready")

    sandbox.clock.catch_up()

    sent = mailerlite("GET", path).json()["data"]
    assert (sent["status"], sent["emails"][0]["stats"]["sent"]) == ("sent", 1)
    (mail,) = sandbox.mailbox.messages
    assert (mail.to, mail.subject, mail.sender) == (
        GRACE,
        "Hello Gr<ace",
        "The site <news@example.com>",
    )
    assert "<p>For Gr&lt;ace</p>" in mail.html
    assert mail.headers["List-Unsubscribe"].strip("<>") in mail.html
    assert "You get this mail" not in mail.html  # it has its own way out


def test_a_mail_without_a_way_out_gets_the_usual_footer(
    mailerlite: Call, sandbox: Sandbox, readers: str, payer: Elsewhere
) -> None:
    made = draft(mailerlite, [readers], content="<html><body><p>Read</p></body></html>")
    mailerlite("POST", f"/campaigns/{made['id']}/schedule", delivery="instant")
    sandbox.clock.catch_up()

    (mail,) = sandbox.mailbox.messages
    assert mail.html.index("Unsubscribe</a>") < mail.html.index("</body>")
    shown = next(line for line in mail.text.splitlines() if "/preview/" in line)
    assert "&lt;p&gt;Read&lt;/p&gt;" in payer.get(shown).text


def test_without_groups_it_goes_to_everybody(mailerlite: Call, readers: str) -> None:
    chosen: list[dict[str, list[str]]] = [{"groups": []}, {}]
    for groups in chosen:
        body = {"name": "all", "type": "regular", "emails": [MAIL], **groups}
        made = mailerlite("POST", "/campaigns", **body).json()["data"]
        assert made["recipients_count"] == 2
        assert made["basic_filter_for_humans"]["all_active_subscribers"]


def test_only_the_active_of_its_groups_get_it_as_they_are_when_it_leaves(
    mailerlite: Call, sandbox: Sandbox, readers: str
) -> None:
    made = draft(mailerlite, [readers])
    tomorrow = datetime.fromtimestamp(sandbox.clock.now() + DAY, UTC)
    at = {"date": f"{tomorrow:%Y-%m-%d}", "hours": f"{tomorrow:%H}", "minutes": f"{tomorrow:%M}"}
    path = f"/campaigns/{made['id']}"
    ready = mailerlite("POST", f"{path}/schedule", delivery="scheduled", schedule=at)
    assert ready.json()["data"]["scheduled_for"] == f"{tomorrow:%Y-%m-%d %H:%M}:00"
    mailerlite("POST", "/subscribers", email=GRACE, status="unsubscribed")
    mailerlite("POST", "/subscribers", email=ADA, groups=[readers])
    assert sandbox.mailbox.messages == []
    sandbox.clock.advance(DAY)

    assert [mail.to for mail in sandbox.mailbox.messages] == [ADA]


def test_it_is_called_back_while_it_waits(mailerlite: Call, sandbox: Sandbox, readers: str) -> None:
    path = f"/campaigns/{draft(mailerlite, [readers])['id']}"
    assert mailerlite("POST", f"{path}/cancel").status_code == 400
    at = {"date": "2099-01-01", "hours": "22", "minutes": "00"}
    mailerlite("POST", f"{path}/schedule", delivery="scheduled", schedule=at)

    assert mailerlite("POST", f"{path}/cancel").json()["data"]["status"] == "draft"
    sandbox.clock.advance(30 * DAY)
    assert sandbox.mailbox.messages == []


def test_what_is_no_draft_is_neither_changed_nor_scheduled_again(
    mailerlite: Call, readers: str
) -> None:
    path = f"/campaigns/{draft(mailerlite, [readers])['id']}"
    changed = mailerlite("PUT", path, name="post:2", emails=[{**MAIL, "subject": "New"}])
    assert changed.json()["data"]["emails"][0]["subject"] == "New"
    assert changed.json()["data"]["basic_filter_for_humans"]["included_groups"] == ["Free"]
    at = {"date": "2099-01-01", "hours": "22", "minutes": "00"}
    mailerlite("POST", f"{path}/schedule", delivery="scheduled", schedule=at)

    for refused in (
        mailerlite("PUT", path, name="post:3", emails=[MAIL]),
        mailerlite("POST", f"{path}/schedule", delivery="instant"),
    ):
        assert (refused.status_code, refused.json()) == (422, "Campaign is not with status draft")


@pytest.mark.parametrize("empty", ["content", "readers"])
def test_what_lacks_something_cannot_be_scheduled(
    mailerlite: Call, readers: str, empty: str
) -> None:
    nobody = mailerlite("POST", "/groups", name="Nobody").json()["data"]["id"]
    made = draft(
        mailerlite,
        [nobody if empty == "readers" else readers],
        content=None if empty == "content" else "<p>Read</p>",
    )
    assert (made["can_be_scheduled"], len(made["missing_data"])) == (False, 1)

    refused = mailerlite("POST", f"/campaigns/{made['id']}/schedule", delivery="instant")
    assert (refused.status_code, refused.json()) == (422, "Campaign settings missing")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "rss"}, "type"),
        ({"name": "x" * 256}, "name"),
        ({"emails": []}, "emails"),
        ({"emails": [{**MAIL, "subject": ""}]}, "emails.0.subject"),
        ({"emails": [{**MAIL, "from": "nobody"}]}, "emails.0.from"),
        ({"groups": ["123"]}, "groups.0"),
    ],
)
def test_what_is_wrong_with_a_campaign_is_named(
    mailerlite: Call, readers: str, wrong: dict[str, Any], field: str
) -> None:
    body = {"name": "post:1", "type": "regular", "emails": [MAIL], "groups": [readers], **wrong}
    answer = mailerlite("POST", "/campaigns", **body)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_content_needs_the_advanced_plan(mailerlite: Call, sandbox: Sandbox, readers: str) -> None:
    sandbox.mailerlite_plan = "lower"
    body = {"name": "post:1", "type": "regular", "emails": [MAIL], "groups": [readers]}
    answer = mailerlite("POST", "/campaigns", **body)

    said = "Content submission is only available on advanced plan."
    assert answer.json()["errors"] == {"emails.0.content": [said]}
    assert mailerlite("GET", "/campaigns?filter[status]=draft").json()["data"] == []


def test_the_list_shows_what_is_ready_unless_it_is_asked_for_others(
    mailerlite: Call, sandbox: Sandbox, readers: str
) -> None:
    waiting, sent = draft(mailerlite, [readers]), draft(mailerlite, [readers])
    mailerlite("POST", f"/campaigns/{sent['id']}/schedule", delivery="instant")
    sandbox.clock.catch_up()

    def ids(query: str) -> list[str]:
        return [each["id"] for each in mailerlite("GET", f"/campaigns{query}").json()["data"]]

    ready = draft(mailerlite, [readers])
    at = {"date": "2099-01-01", "hours": "22", "minutes": "00"}
    mailerlite("POST", f"/campaigns/{ready['id']}/schedule", delivery="scheduled", schedule=at)
    assert ids("") == ids("?filter[status]=ready") == [ready["id"]]
    assert ids("?filter[status]=draft") == [waiting["id"]]
    assert ids("?filter[status]=sent") == [sent["id"]]
    assert mailerlite("DELETE", f"/campaigns/{waiting['id']}").status_code == 204
    assert ids("?filter[status]=draft") == []


def test_that_it_was_sent_is_told(
    mailerlite: Call, sandbox: Sandbox, readers: str, hook: Hook
) -> None:
    mailerlite("POST", "/webhooks", url=hook.url, events=["campaign.sent"])
    made = draft(mailerlite, [readers])
    mailerlite("POST", f"/campaigns/{made['id']}/schedule", delivery="instant")
    sandbox.clock.catch_up()
    sandbox.deliver_pending()

    (told,) = hook.events
    assert (told["event"], told["id"], told["total_recipients"]) == ("campaign.sent", made["id"], 1)
    assert told["date"].endswith(".000000Z")
