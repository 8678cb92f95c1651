"""MailerLite as the application meets it, its surprises included."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.server import Sandbox
from tests.sandbox.shop import Hook
from tests.support.browser import Elsewhere

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"
DAY = 24 * 60 * 60


@pytest.fixture
def free(mailerlite: Call) -> str:
    """A group's id."""
    return str(mailerlite("POST", "/groups", name="Free").json()["data"]["id"])


@pytest.fixture
def verify(mailerlite: Call) -> str:
    """The group of the codes, whose automation mails whoever joins."""
    mailerlite("POST", "/fields", name="verification_code", type="text")
    return str(mailerlite("POST", "/groups", name="Verify").json()["data"]["id"])


def groups_of(answer: requests.Response) -> list[str]:
    return [group["name"] for group in answer.json()["data"]["groups"]]


def test_without_a_key_nothing_is_said(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.mailerlite_base}/groups", timeout=5)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert "X-RateLimit-Limit" not in answer.headers


def test_a_subscriber_is_made_once_and_added_to(mailerlite: Call, free: str) -> None:
    made = mailerlite("POST", "/subscribers", email="Grace@Example.COM", fields={"name": "Grace"})
    again = mailerlite("POST", "/subscribers", email=GRACE, groups=[free], fields={"city": "Ulm"})

    assert (made.status_code, again.status_code) == (201, 200)
    subscriber = again.json()["data"]
    assert subscriber["id"] == made.json()["data"]["id"]
    assert len(subscriber["id"]) >= 17
    assert (subscriber["email"], subscriber["status"]) == (GRACE, "active")
    assert (subscriber["fields"]["name"], subscriber["fields"]["city"]) == ("Grace", "Ulm")
    assert subscriber["fields"]["z_i_p"] is None
    assert groups_of(again) == ["Free"]


def test_put_replaces_groups_where_post_only_adds(mailerlite: Call, free: str) -> None:
    paid = mailerlite("POST", "/groups", name="Paid").json()["data"]["id"]
    id_ = mailerlite("POST", "/subscribers", email=GRACE, groups=[free]).json()["data"]["id"]

    assert groups_of(mailerlite("POST", "/subscribers", email=GRACE, groups=[paid])) == [
        "Free",
        "Paid",
    ]
    assert groups_of(mailerlite("PUT", f"/subscribers/{id_}", groups=[paid])) == ["Paid"]
    assert groups_of(mailerlite("PUT", f"/subscribers/{id_}", fields={"city": None})) == ["Paid"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "grace"}, "email"),
        ({"email": GRACE, "groups": ["123"]}, "groups.0"),
        ({"email": GRACE, "groups": [{"id": "123"}]}, "groups.0"),
        ({"email": GRACE, "status": "happy"}, "status"),
        ({"email": GRACE, "fields": "name"}, "fields"),
        ({"email": GRACE, "subscribed_at": "yesterday"}, "subscribed_at"),
    ],
)
def test_what_is_wrong_is_named(mailerlite: Call, body: dict[str, Any], field: str) -> None:
    answer = mailerlite("POST", "/subscribers", **body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert answer.json()["errors"][field] == [answer.json()["message"]]


def test_unknown_fields_are_dropped_in_silence(mailerlite: Call) -> None:
    answer = mailerlite("POST", "/subscribers", email=GRACE, fields={"shoe_size": "38"})

    assert "shoe_size" not in answer.json()["data"]["fields"]


def test_who_unsubscribed_comes_back_only_when_they_ask_for_it(
    mailerlite: Call, verify: str, sandbox: Sandbox, payer: Elsewhere
) -> None:
    mailerlite(
        "POST", "/subscribers", email=GRACE, groups=[verify], fields={"verification_code": "1"}
    )
    link = sandbox.mailbox.latest(to=GRACE).headers["List-Unsubscribe"].strip("<>")
    payer.submit(link)

    assert mailerlite("GET", f"/subscribers/{GRACE}").json()["data"]["status"] == "unsubscribed"
    refused = mailerlite("POST", "/subscribers", email=GRACE)
    assert refused.status_code == 422
    assert "is unsubscribed and cannot be imported" in refused.json()["message"]
    back = mailerlite("POST", "/subscribers", email=GRACE, resubscribe=True)
    assert (back.status_code, back.json()["data"]["status"]) == (200, "active")


def test_a_subscriber_is_deleted_and_forgotten(mailerlite: Call) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE).json()["data"]["id"]
    gone = mailerlite("DELETE", f"/subscribers/{id_}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert "Content-Type" not in gone.headers
    assert mailerlite("GET", f"/subscribers/{GRACE}").status_code == 404

    mailerlite("POST", "/subscribers", email=GRACE)
    forgotten = mailerlite("POST", f"/subscribers/{GRACE}/forget")
    assert "within 30 days" in forgotten.json()["message"]
    assert mailerlite("GET", "/subscribers?limit=0").json() == {"total": 0}


def test_joining_and_leaving_a_group(mailerlite: Call, free: str) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE).json()["data"]["id"]

    joined = mailerlite("POST", f"/subscribers/{id_}/groups/{free}")
    assert (joined.status_code, joined.json()["data"]["active_count"]) == (200, 1)
    inside = mailerlite("GET", f"/groups/{free}/subscribers").json()["data"]
    assert [subscriber["email"] for subscriber in inside] == [GRACE]
    assert mailerlite("DELETE", f"/subscribers/{id_}/groups/{free}").status_code == 204
    assert mailerlite("POST", f"/subscribers/{id_}/groups/99").status_code == 404


def test_a_fields_key_is_made_of_its_name_and_stays(mailerlite: Call) -> None:
    made = mailerlite("POST", "/fields", name="Verification Code", type="text")

    assert made.status_code == 201
    field = made.json()["data"]
    assert field["key"] == "verification_code"
    renamed = mailerlite("PUT", f"/fields/{field['id']}", name="Code").json()["data"]
    assert renamed["key"] == "verification_code"
    again = mailerlite("POST", "/fields", name="Code", type="text")
    assert again.json()["message"] == "Field name must be unique"
    keys = [f["key"] for f in mailerlite("GET", "/fields?limit=100").json()["data"]]
    assert "verification_code" in keys


def test_a_code_is_mailed_to_who_joins(mailerlite: Call, verify: str, sandbox: Sandbox) -> None:
    mailerlite(
        "POST", "/subscribers", email=GRACE, groups=[verify], fields={"verification_code": "482913"}
    )

    mail = sandbox.mailbox.latest(to=GRACE)
    assert mail.subject == "482913 is your code"
    assert "482913" in mail.text
    assert "482913" in mail.html
    assert "Unsubscribe" in mail.text
    assert mail.via == "MailerLite"


def test_nobody_is_mailed_twice_within_a_day(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    def sign_up(code: str) -> None:
        fields = {"verification_code": code}
        answer = mailerlite("POST", "/subscribers", email=GRACE, groups=[verify], fields=fields)
        mailerlite("DELETE", f"/subscribers/{answer.json()['data']['id']}/groups/{verify}")

    def subjects() -> list[str]:
        return [mail.subject for mail in sandbox.mailbox.to(GRACE)]

    sign_up("1")
    sign_up("2")
    assert subjects() == ["1 is your code"]
    sandbox.clock.advance(DAY)
    sign_up("3")
    assert subjects() == ["1 is your code", "3 is your code"]


def test_who_is_inside_already_is_not_mailed(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])
    sandbox.clock.advance(2 * DAY)
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])

    assert len(sandbox.mailbox.to(GRACE)) == 1


def test_only_the_active_are_mailed(mailerlite: Call, verify: str, sandbox: Sandbox) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify], status="unconfirmed")
    assert sandbox.mailbox.messages == []

    mailerlite("POST", "/subscribers", email=GRACE, status="active")
    assert len(sandbox.mailbox.to(GRACE)) == 1


def test_the_automation_can_be_checked(mailerlite: Call, verify: str) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[verify])

    (automation,) = mailerlite("GET", f"/automations?filter[group]={verify}").json()["data"]
    assert automation["enabled"]
    assert automation["trigger_data"]["repeatable"]
    assert automation["triggers"][0]["group_ids"] == [verify]
    assert automation["steps"][0]["eligible_for_sending"]
    one = f"/automations/{automation['id']}"
    assert mailerlite("GET", one).json()["data"] == automation
    assert mailerlite("GET", f"{one}/activity").status_code == 422
    runs = mailerlite("GET", f"{one}/activity?filter[status]=completed").json()["data"]
    assert [run["subscriber"]["email"] for run in runs] == [GRACE]


@pytest.fixture
def listening(hook: Hook, sandbox: Sandbox) -> Iterator[Hook]:
    yield hook
    sandbox.webhooks_paused = False


def test_webhooks_flat_nested_and_signed(
    mailerlite: Call, free: str, sandbox: Sandbox, listening: Hook
) -> None:
    events = ["subscriber.created", "subscriber.added_to_group"]
    made = mailerlite("POST", "/webhooks", name="app", url=listening.url, events=events)
    secret = made.json()["data"]["secret"]
    assert (made.status_code, len(secret)) == (201, 10)
    sandbox.webhooks_paused = True

    mailerlite("POST", "/subscribers", email=GRACE, groups=[free])
    sandbox.deliver_pending()

    flat, nested = listening.events
    assert (flat["event"], flat["email"]) == ("subscriber.created", GRACE)
    assert (nested["type"], nested["group"]["name"]) == ("subscriber.added_to_group", "Free")
    assert nested["subscriber"]["email"] == GRACE
    for sent in listening.events:
        signed = hmac.new(secret.encode(), sent["raw"], hashlib.sha256).hexdigest()
        assert sent["headers"]["Signature"] == signed


def test_some_events_come_in_batches_only(mailerlite: Call, sandbox: Sandbox, hook: Hook) -> None:
    wanted: dict[str, Any] = {"url": hook.url, "events": ["subscriber.deleted"]}
    assert mailerlite("POST", "/webhooks", **wanted).status_code == 422
    mailerlite("POST", "/webhooks", **wanted, batchable=True)

    mailerlite("POST", "/subscribers", email=GRACE)
    mailerlite("DELETE", f"/subscribers/{GRACE}")
    sandbox.deliver_pending()

    (batch,) = hook.events
    assert (batch["total"], batch["events"][0]["event"]) == (1, "subscriber.deleted")


def test_a_webhook_is_changed_and_removed(mailerlite: Call) -> None:
    wanted = {"url": "http://127.0.0.1:9/", "events": ["subscriber.created"]}
    id_ = mailerlite("POST", "/webhooks", **wanted).json()["data"]["id"]

    assert not mailerlite("PUT", f"/webhooks/{id_}", enabled=False).json()["data"]["enabled"]
    assert [w["id"] for w in mailerlite("GET", "/webhooks").json()["data"]] == [id_]
    assert mailerlite("DELETE", f"/webhooks/{id_}").status_code == 204
    assert f"[App\\Models\\Webhook] {id_}" in mailerlite("GET", f"/webhooks/{id_}").text.replace(
        "\\\\", "\\"
    )


def test_too_many_calls_in_a_minute(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_limit = 3
    answers = [mailerlite("GET", "/groups") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json() == {"message": "Too Many Attempts."}


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("limit", 429), ("refuse", 422)])
def test_mailerlite_can_fail(mailerlite: Call, sandbox: Sandbox, fault: str, status: int) -> None:
    sandbox.mailerlite_fault = fault
    assert mailerlite("POST", "/subscribers", email=GRACE).status_code == status

    sandbox.mailerlite_fault = None
    assert mailerlite("POST", "/subscribers", email=GRACE).status_code == 201


def test_down_has_a_switch_of_its_own(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_fault = "down"
    assert mailerlite("GET", "/groups").status_code == 503
    sandbox.mailerlite_fault = None
    assert mailerlite("GET", "/groups").status_code == 200


def test_a_batch_answers_each_by_itself(mailerlite: Call) -> None:
    answer = mailerlite(
        "POST",
        "/batch",
        requests=[
            {"method": "POST", "path": "api/subscribers", "body": {"email": GRACE}},
            {"method": "GET", "path": "api/subscribers/nobody@example.com"},
            {"method": "GET", "path": "api/groups?limit=1"},
            {"method": "GET", "path": "elsewhere"},
            "nonsense",
        ],
    )

    body = answer.json()
    assert (answer.status_code, body["total"], body["successful"], body["failed"]) == (200, 5, 2, 3)
    assert [each["code"] for each in body["responses"]] == [201, 404, 200, 422, 422]
    assert mailerlite("POST", "/batch", requests=[{}] * 51).status_code == 422


def test_lists_come_by_page_or_by_cursor(mailerlite: Call) -> None:
    for number in range(3):
        mailerlite("POST", "/groups", name=f"Group {number}")
        mailerlite("POST", "/subscribers", email=f"{number}@example.com")

    groups = mailerlite("GET", "/groups?limit=2&page=2").json()
    assert [group["name"] for group in groups["data"]] == ["Group 0"]
    assert (groups["meta"]["last_page"], groups["meta"]["total"]) == (2, 3)
    first = mailerlite("GET", "/subscribers?limit=2").json()
    assert len(first["data"]) == 2
    cursor = first["meta"]["next_cursor"]
    second = mailerlite("GET", f"/subscribers?limit=2&cursor={cursor}").json()
    assert len(second["data"]) == 1
    assert second["meta"]["next_cursor"] is None


@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"{", b"\xff", b'"text"', b'{"email":{}}'])
def test_what_cannot_be_read_is_refused_politely(sandbox: Sandbox, body: bytes) -> None:
    answer = requests.post(
        f"{sandbox.mailerlite_base}/subscribers",
        data=body,
        headers={"Authorization": "Bearer key"},
        timeout=5,
    )

    assert answer.status_code == 422
    assert "email" in answer.json()["errors"]


def test_an_address_that_is_not_there(mailerlite: Call) -> None:
    answer = mailerlite("GET", "/campaigns/list")

    assert answer.status_code == 404
    assert answer.json() == {"message": "The route api/campaigns/list could not be found."}
    assert "\\/" in answer.text  # slashes are escaped, as PHP does it
    assert json.loads(answer.text)
