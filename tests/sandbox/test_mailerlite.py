"""MailerLite's API at its door: keys, limits, faults, batches, pages."""

import json
from collections.abc import Callable
from threading import Thread

import pytest
import requests

from sandbox.server import Sandbox

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"


def test_without_a_key_nothing_is_said(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.mailerlite_base}/groups", timeout=5)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})
    assert "X-RateLimit-Limit" not in answer.headers


def test_too_many_calls_in_a_minute(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_limit = 3
    answers = [mailerlite("GET", "/groups") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json() == {"message": "Too Many Attempts."}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("down", 503),
        ("error", 500),
        ("gateway", 502),
        ("limit", 429),
        ("forbidden", 403),
        ("missing", 404),
        ("unauthorized", 401),
        ("refuse", 422),
        ("bare", 422),
    ],
)
def test_mailerlite_can_fail(mailerlite: Call, sandbox: Sandbox, fault: str, status: int) -> None:
    sandbox.mailerlite_fault = fault
    failed = mailerlite("POST", "/subscribers", email=GRACE)
    assert failed.status_code == status
    assert failed.headers["Content-Type"].startswith("text/html" if fault == "gateway" else "app")
    assert ("X-RateLimit-Limit" in failed.headers) == (fault != "unauthorized")
    assert isinstance(failed.json(), str) if fault == "bare" else True

    sandbox.mailerlite_fault = None
    assert mailerlite("POST", "/subscribers", email=GRACE).status_code == 201


def test_down_has_a_switch_of_its_own(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_fault = "down"
    assert mailerlite("GET", "/groups").status_code == 503
    sandbox.mailerlite_fault = None
    assert mailerlite("GET", "/groups").status_code == 200


def test_a_call_that_hangs_is_answered_by_nobody(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_fault = "hang"
    answers: list[int] = []
    waiting = Thread(target=lambda: answers.append(mailerlite("GET", "/groups").status_code))
    waiting.start()
    waiting.join(0.2)
    assert answers == []

    sandbox.mailerlite_fault = None
    waiting.join()
    assert answers == [504]


def test_a_fault_of_some_calls_alone(mailerlite: Call, sandbox: Sandbox) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_only = "down", "POST groups*"

    assert mailerlite("GET", "/groups").status_code == 200
    assert mailerlite("POST", "/groups", name="Free").status_code == 503


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


def test_a_batch_does_what_its_calls_do_and_knows_no_webhooks(mailerlite: Call, free: str) -> None:
    answer = mailerlite(
        "POST",
        "/batch",
        requests=[
            {"method": "POST", "path": "api/subscribers", "body": {"email": GRACE}},
            {"method": "POST", "path": f"api/subscribers/{GRACE}/groups/{free}"},
            {"method": "POST", "path": "api/webhooks", "body": {"url": "http://127.0.0.1:9/"}},
            {"method": "GET", "path": "api/subscribers/list"},
            {"method": "GET", "path": "api/campaigns/list"},
        ],
    ).json()

    assert [each["code"] for each in answer["responses"]] == [201, 200, 404, 404, 404]
    model = "No query results for model [App\\Models\\Subscriber\\Subscriber]."
    assert answer["responses"][3]["body"] == {"message": model}
    group = mailerlite("GET", f"/subscribers/{GRACE}").json()["data"]["groups"]
    assert [each["name"] for each in group] == ["Free"]


def test_batches_of_new_subscribers_alone_are_imports_and_are_counted(
    mailerlite: Call, sandbox: Sandbox
) -> None:
    new = {"method": "POST", "path": "api/subscribers", "body": {"email": GRACE}}
    imports = [mailerlite("POST", "/batch", requests=[new]) for _ in range(6)]
    assert [answer.status_code for answer in imports] == [200] * 5 + [429]
    said = "You're being rate limited on import creation."
    assert imports[-1].json() == {"message": said}
    assert 1 <= int(imports[-1].headers["Retry-After"]) <= 60

    asks = {"method": "GET", "path": f"api/subscribers/{GRACE}"}
    assert mailerlite("POST", "/batch", requests=[new, asks]).status_code == 200


def test_lists_come_by_page(mailerlite: Call) -> None:
    for number in range(3):
        mailerlite("POST", "/groups", name=f"Group {number}")

    groups = mailerlite("GET", "/groups?limit=2&page=2").json()
    assert [group["name"] for group in groups["data"]] == ["Group 0"]
    assert (groups["meta"]["last_page"], groups["meta"]["total"]) == (2, 3)
    sorted_ = mailerlite("GET", "/groups?sort=name").json()["data"]
    assert [group["name"] for group in sorted_] == ["Group 0", "Group 1", "Group 2"]


def emails(answer: requests.Response) -> list[str]:
    return [subscriber["email"] for subscriber in answer.json()["data"]]


def test_subscribers_come_by_cursor_there_and_back(mailerlite: Call) -> None:
    for number in range(5):
        mailerlite("POST", "/subscribers", email=f"{number}@example.com")

    first = mailerlite("GET", "/subscribers?limit=2")
    assert emails(first) == ["4@example.com", "3@example.com"]
    assert first.json()["meta"]["prev_cursor"] is None
    second = requests.get(
        first.json()["links"]["next"],
        params={"limit": 2},
        headers={"Authorization": "Bearer key"},
        timeout=5,
    )
    assert emails(second) == ["2@example.com", "1@example.com"]
    third = mailerlite("GET", f"/subscribers?limit=2&cursor={second.json()['meta']['next_cursor']}")
    assert emails(third) == ["0@example.com"]
    assert third.json()["meta"]["next_cursor"] is None
    back = mailerlite("GET", f"/subscribers?limit=2&cursor={third.json()['meta']['prev_cursor']}")
    assert emails(back) == emails(second)
    assert mailerlite("GET", "/subscribers?cursor=nonsense").status_code == 422


def test_nobody_is_left_out_when_somebody_goes_or_comes_between_two_pages(mailerlite: Call) -> None:
    for number in range(4):
        mailerlite("POST", "/subscribers", email=f"{number}@example.com")
    first = mailerlite("GET", "/subscribers?limit=2")

    mailerlite("DELETE", "/subscribers/2@example.com")  # the one that the cursor stands on
    mailerlite("POST", "/subscribers", email="new@example.com")
    cursor = first.json()["meta"]["next_cursor"]
    rest = mailerlite("GET", f"/subscribers?limit=2&cursor={cursor}")

    assert emails(rest) == ["1@example.com", "0@example.com"]


def test_lists_of_subscribers_by_status_and_with_groups(mailerlite: Call, free: str) -> None:
    mailerlite("POST", "/subscribers", email=GRACE, groups=[free])
    mailerlite("POST", "/subscribers", email="edsger@example.com", status="unsubscribed")

    for path in ("/subscribers", f"/groups/{free}/subscribers"):
        (grace,) = mailerlite("GET", f"{path}?filter[status]=active").json()["data"]
        assert grace["email"] == GRACE
        assert "groups" not in grace
    (grace,) = mailerlite("GET", "/subscribers?filter[status]=active&include=groups").json()["data"]
    assert [group["name"] for group in grace["groups"]] == ["Free"]
    assert emails(mailerlite("GET", "/subscribers?filter[status]=unsubscribed")) == [
        "edsger@example.com"
    ]
    assert mailerlite("GET", "/subscribers?filter[status]=happy").status_code == 422


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
