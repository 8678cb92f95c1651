"""MailerLite's subscribers, groups and fields as the application meets them."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.mailerlite import people
from sandbox.server import Sandbox
from tests.support.browser import Elsewhere

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"


def groups_of(answer: requests.Response) -> list[str]:
    return [group["name"] for group in answer.json()["data"]["groups"]]


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


def test_several_things_that_are_wrong_are_all_named(mailerlite: Call) -> None:
    answer = mailerlite(
        "POST", "/subscribers", email=GRACE, groups=["1", {"id": "2"}], optin_ip="here"
    ).json()

    assert set(answer["errors"]) == {"optin_ip", "groups.0", "groups.1"}
    assert answer["message"] == "The optin_ip must be a valid IP address. (and 2 more errors)"


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


@pytest.mark.parametrize("status", ["unsubscribed", "bounced", "junk"])
def test_put_revives_nobody_and_post_neither_the_bounced_nor_the_complaining(
    mailerlite: Call, status: str
) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE, status=status).json()["data"]["id"]

    assert mailerlite("PUT", f"/subscribers/{id_}", status="active").status_code == 422
    assert mailerlite("PUT", f"/subscribers/{id_}", fields={"name": "Grace"}).status_code == 200
    added = mailerlite("POST", "/subscribers", email=GRACE, status="active")
    assert added.status_code == (422 if status == "unsubscribed" else 200)
    assert mailerlite("GET", f"/subscribers/{id_}").json()["data"]["status"] == status


def test_another_address_for_the_same_subscriber(mailerlite: Call) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE).json()["data"]["id"]
    mailerlite("POST", "/subscribers", email="ada@example.com")

    taken = mailerlite("PUT", f"/subscribers/{id_}", email="ADA@example.com")
    assert taken.json()["errors"] == {"email": ["The email has already been taken."]}
    moved = mailerlite("PUT", f"/subscribers/{id_}", email="Hopper@example.com").json()["data"]
    assert (moved["id"], moved["email"]) == (id_, "hopper@example.com")
    assert mailerlite("GET", f"/subscribers/{GRACE}").status_code == 404
    assert mailerlite("GET", "/subscribers/hopper%40example.com").status_code == 200


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


def test_a_group_counts_its_people_by_status(mailerlite: Call, free: str, sandbox: Sandbox) -> None:
    def counts() -> tuple[int, int, int]:
        (group,) = mailerlite("GET", "/groups").json()["data"]
        return group["active_count"], group["unsubscribed_count"], group["bounced_count"]

    for name in ("ada", "grace", "edsger"):
        mailerlite("POST", "/subscribers", email=f"{name}@example.com", groups=[free])
    people.unsubscribe(sandbox.lists, "ada@example.com")
    people.bounce(sandbox.lists, GRACE)
    assert counts() == (1, 1, 1)

    mailerlite("DELETE", f"/subscribers/{GRACE}")
    ada = mailerlite("GET", "/subscribers/ada@example.com").json()["data"]["id"]
    mailerlite("DELETE", f"/subscribers/{ada}/groups/{free}")
    assert counts() == (1, 0, 0)


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


def test_a_field_that_is_deleted_takes_along_what_was_in_it(mailerlite: Call) -> None:
    field = mailerlite("POST", "/fields", name="Plan", type="text").json()["data"]["id"]
    mailerlite("POST", "/subscribers", email=GRACE, fields={"plan": "member"})

    assert mailerlite("DELETE", f"/fields/{field}").status_code == 204
    mailerlite("POST", "/fields", name="Plan", type="text")

    grace = mailerlite("GET", f"/subscribers/{GRACE}").json()["data"]
    assert grace["fields"]["plan"] is None
    found = mailerlite("GET", "/fields?filter[keyword]=PLAN&filter[type]=text").json()["data"]
    assert [each["key"] for each in found] == ["plan"]
    names = [each["name"] for each in mailerlite("GET", "/fields?sort=-name").json()["data"]]
    assert names == sorted(names, key=str.lower, reverse=True)


def test_with_double_opt_in_a_new_subscriber_is_mailed_a_link_first(
    mailerlite: Call, verify: str, sandbox: Sandbox, payer: Elsewhere
) -> None:
    sandbox.double_opt_in = True
    made = mailerlite("POST", "/subscribers", email=GRACE, groups=[verify], status="active")
    assert made.json()["data"]["status"] == "unconfirmed"
    again = mailerlite("POST", "/subscribers", email=GRACE, status="active")
    assert again.json()["data"]["status"] == "unconfirmed"
    (asked,) = sandbox.mailbox.to(GRACE)
    assert asked.subject == "Please confirm your subscription"

    link = next(line for line in asked.text.splitlines() if "/confirm/" in line)
    assert "Confirm grace@example.com?" in payer.get(link).text
    payer.submit(link)

    grace = mailerlite("GET", f"/subscribers/{GRACE}").json()["data"]
    assert (grace["status"], grace["optin_ip"]) == ("active", "127.0.0.1")
    assert grace["opted_in_at"]
    assert [mail.subject for mail in sandbox.mailbox.to(GRACE)][1:] == [" is your code"]


def test_what_became_of_somebodys_mail_is_in_the_log(
    mailerlite: Call, verify: str, sandbox: Sandbox
) -> None:
    id_ = mailerlite("POST", "/subscribers", email=GRACE, groups=[verify]).json()["data"]["id"]
    people.bounce(sandbox.lists, GRACE)

    log = mailerlite("GET", f"/subscribers/{id_}/activity-log").json()["data"]
    assert [each["log_name"] for each in log] == ["email_bounce", "automation_email_sent"]
    (sent,) = mailerlite(
        "GET", f"/subscribers/{id_}/activity-log?filter[log_name]=automation_email_sent"
    ).json()["data"]
    assert (sent["subject_id"], sent["subject_type"]) == (id_, "subscribers")
    assert sent["properties"]["automation_name"] == "Mail a code to Verify"
    assert log[0]["properties"] == []
    wrong = mailerlite("GET", f"/subscribers/{id_}/activity-log?filter[log_name]=gossip")
    assert wrong.status_code == 422
    assert mailerlite("GET", f"/subscribers/{GRACE}").json()["data"]["sent"] == 1
