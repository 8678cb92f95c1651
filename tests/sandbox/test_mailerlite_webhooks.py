"""MailerLite's webhooks: flat, nested, batched, signed, tried again, and blocked."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import requests

from sandbox.mailerlite import people
from sandbox.server import Sandbox
from tests.sandbox.shop import Hook
from tests.sandbox.test_webhooks import until

Call = Callable[..., requests.Response]
GRACE = "grace@example.com"


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
    for event in ("subscriber.deleted", "campaign.open", "campaign.click"):
        assert mailerlite("POST", "/webhooks", url=hook.url, events=[event]).status_code == 422
    mailerlite("POST", "/webhooks", url=hook.url, events=["subscriber.deleted"], batchable=True)

    mailerlite("POST", "/subscribers", email=GRACE)
    mailerlite("POST", f"/subscribers/{GRACE}/forget")
    sandbox.deliver_pending()

    (batch,) = hook.events
    assert batch["total"] == 1
    (event,) = batch["events"]
    assert (event["event"], event["email"]) == ("subscriber.deleted", GRACE)
    assert event["deleted_at"] < event["forget_at"]


def test_what_one_call_does_is_told_in_one_batch(
    mailerlite: Call, free: str, sandbox: Sandbox, hook: Hook
) -> None:
    events = ["subscriber.created", "subscriber.added_to_group"]
    mailerlite("POST", "/webhooks", url=hook.url, events=events, batchable=True)
    new = [
        {"method": "POST", "path": "api/subscribers", "body": {"email": e, "groups": [free]}}
        for e in (GRACE, "ada@example.com")
    ]
    mailerlite("POST", "/batch", requests=new)
    sandbox.deliver_pending()

    (batch,) = hook.events
    names = [event.get("event") or event["type"] for event in batch["events"]]
    assert (batch["total"], names) == (4, events * 2)


def test_people_are_told_of_as_they_are(
    mailerlite: Call, free: str, sandbox: Sandbox, listening: Hook
) -> None:
    names = ["updated", "active", "unsubscribed", "bounced", "spam_reported", "removed_from_group"]
    events = [f"subscriber.{name}" for name in names]
    mailerlite("POST", "/webhooks", url=listening.url, events=events)
    sandbox.webhooks_paused = True
    for name in ("ada", "grace", "edsger"):
        mailerlite("POST", "/subscribers", email=f"{name}@example.com", groups=[free])

    people.unsubscribe(sandbox.lists, GRACE)
    people.bounce(sandbox.lists, "ada@example.com")
    people.complain(sandbox.lists, "edsger@example.com")
    mailerlite("POST", "/subscribers", email=GRACE, resubscribe=True)
    mailerlite("POST", "/subscribers", email=GRACE, fields={"name": "Grace"})
    mailerlite("PUT", f"/subscribers/{GRACE}", groups=[])
    sandbox.deliver_pending()

    told = [(e.get("event") or e["type"]).partition(".")[2] for e in listening.events]
    assert told == [
        "unsubscribed",
        "bounced",
        "spam_reported",
        "active",
        "updated",
        "removed_from_group",
    ]
    first = listening.events[0]
    assert {"deleted_at", "forget_at", "unsubscribed_at"} <= first.keys()
    assert "groups" not in first


def tried(sandbox: Sandbox, times: int) -> bool:
    (delivery,) = sandbox.account.store.find("delivery", lambda d: d["sender"] == "mailerlite")
    return len(delivery["attempts"]) == times


def test_what_is_not_taken_is_tried_again_by_the_sandboxs_clock(
    mailerlite: Call, sandbox: Sandbox, hook: Hook
) -> None:
    hook.answers = [500, 500, 500]
    events = ["subscriber.created"]
    id_ = mailerlite("POST", "/webhooks", url=hook.url, events=events).json()["data"]["id"]
    mailerlite("POST", "/subscribers", email=GRACE)

    for number, seconds in enumerate((10, 100, 1000), 1):
        until(partial(tried, sandbox, number))
        sandbox.clock.advance(seconds)
    until(partial(tried, sandbox, 4))

    webhook = mailerlite("GET", f"/webhooks/{id_}").json()["data"]
    assert (webhook["response_code"], webhook["is_blocked"]) == (200, False)
    assert webhook["last_fired_at"]
    assert len({event["raw"] for event in hook.events}) == 1


def test_where_nothing_arrives_any_more_is_blocked_until_it_is_switched_on_again(
    mailerlite: Call, sandbox: Sandbox, listening: Hook
) -> None:
    sandbox.webhooks_paused = True
    events = ["subscriber.created"]
    made = mailerlite("POST", "/webhooks", url=listening.url, events=events).json()["data"]
    listening.answers = [503] * 12
    for number in range(3):
        mailerlite("POST", "/subscribers", email=f"{number}@example.com")
        for _ in range(4):
            sandbox.deliver_pending()
    assert mailerlite("GET", f"/webhooks/{made['id']}").json()["data"]["is_blocked"]

    mailerlite("POST", "/subscribers", email=GRACE)
    assert sandbox.deliver_pending() == 0
    again = mailerlite("PUT", f"/webhooks/{made['id']}", enabled=True).json()["data"]
    assert (again["is_blocked"], again["secret"]) == (False, made["secret"])
    mailerlite("POST", "/subscribers", email="ada@example.com")
    assert sandbox.deliver_pending() == 1


def test_webhooks_come_twice_and_in_any_order_on_request(
    mailerlite: Call, sandbox: Sandbox, listening: Hook
) -> None:
    sandbox.webhooks_paused = True
    mailerlite("POST", "/webhooks", url=listening.url, events=["subscriber.created"])
    sandbox.webhook_faults.twice, sandbox.webhook_faults.shuffled = 1, True
    sandbox.seed_random(4)
    sent = [f"{number}@example.com" for number in range(6)]
    for email in sent:
        mailerlite("POST", "/subscribers", email=email)
    sandbox.deliver_pending()

    heard = [event["email"] for event in listening.events]
    assert sorted(heard) == sorted(sent * 2)
    assert heard != sorted(heard)


def test_a_webhook_is_changed_and_removed(mailerlite: Call) -> None:
    wanted = {"url": "http://127.0.0.1:9/", "events": ["subscriber.created"]}
    id_ = mailerlite("POST", "/webhooks", **wanted).json()["data"]["id"]

    assert not mailerlite("PUT", f"/webhooks/{id_}", enabled=False).json()["data"]["enabled"]
    assert [w["id"] for w in mailerlite("GET", "/webhooks").json()["data"]] == [id_]
    assert mailerlite("DELETE", f"/webhooks/{id_}").status_code == 204
    assert f"[App\\Models\\Webhook] {id_}" in mailerlite("GET", f"/webhooks/{id_}").text.replace(
        "\\\\", "\\"
    )
