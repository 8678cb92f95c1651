"""Faults on demand: webhooks that go astray, APIs that do, and the knobs for both."""

import re
import smtplib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import stripe

from sandbox.faults import WebhookFaults
from sandbox.server import Sandbox
from sandbox.stripe.account import Account
from tests.sandbox.shop import Hook
from tests.sandbox.test_webhooks import until
from tests.support.settings import WEBHOOK_SECRET


@pytest.fixture
def happens(sandbox: Sandbox, hook: Hook) -> Callable[..., list[str]]:
    """So many things happen in the shop; the ids of their events, in order."""
    sandbox.webhook_url = hook.url

    def happen(times: int = 1) -> list[str]:
        return [
            sandbox.account.emit("product.updated", {"id": f"prod_{n}", "object": "product"})
            for n in range(times)
        ]

    return happen


def test_webhooks_arrive_twice(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhook_faults.twice = 1

    (event,) = happens()

    until(lambda: len(hook.events) == 2)
    assert [sent["id"] for sent in hook.events] == [event, event]


def test_webhooks_are_lost_and_known_to_be_undelivered(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]], client: stripe.StripeClient
) -> None:
    sandbox.webhook_faults.lost = 1
    (lost,) = happens()
    sandbox.webhook_faults.lost = 0
    (arrived,) = happens()

    until(lambda: [sent["id"] for sent in hook.events] == [arrived])
    assert sandbox.deliver_pending() == 0
    (undelivered,) = client.v1.events.list({"delivery_success": False}).data
    assert (undelivered.id, undelivered.pending_webhooks) == (lost, 1)

    courier = sandbox.account.courier
    courier.send_again(courier.of(lost)[0]["id"])

    assert [sent["id"] for sent in hook.events] == [arrived, lost]


def test_webhooks_are_late_and_nobody_waits_for_them(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhook_faults = WebhookFaults(late=1, late_seconds=0.2)

    (event,) = happens()
    sandbox.account.courier.wait_for(event, timeout=60)  # returns at once, or this test hangs

    assert hook.events == []
    until(lambda: [sent["id"] for sent in hook.events] == [event])


def test_webhooks_are_handed_over_out_of_order(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhooks_paused = True
    sandbox.seed_random(1)
    sandbox.webhook_faults.shuffled = True
    events = happens(20)

    sandbox.deliver_pending()

    arrived = [sent["id"] for sent in hook.events]
    assert sorted(arrived) == sorted(events)
    assert arrived != events


def test_webhooks_travel_out_of_order(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.seed_random(1)
    sandbox.webhook_faults.shuffled = True

    events = happens(10)

    until(lambda: len(hook.events) == 10)
    assert [sent["id"] for sent in hook.events] != events


def test_twin_events_tell_one_fact(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]], client: stripe.StripeClient
) -> None:
    sandbox.webhook_faults.twins = 1

    (event,) = happens()

    until(lambda: len(hook.events) == 2)
    first, second = hook.events
    assert first["id"] == event != second["id"]
    assert first["data"] == second["data"]
    assert client.v1.events.retrieve(second["id"]).type == "product.updated"


def test_two_signatures_while_a_secret_is_replaced(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhook_faults.two_signatures = True

    happens()

    until(lambda: len(hook.events) == 1)  # the receiver's SDK has accepted it
    header = hook.events[0]["headers"]["Stripe-Signature"]
    assert re.fullmatch(r"t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}", header)


def test_an_old_signature_is_no_good_and_the_next_attempt_is(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhook_faults.old_timestamp = 1
    (event,) = happens()
    courier = sandbox.account.courier
    until(lambda: bool(courier.of(event)[0]["attempts"]))
    assert hook.events == []  # the SDK refused it

    sandbox.webhook_faults.old_timestamp = 0
    sandbox.deliver_pending()

    (taken,) = hook.events
    header = taken["headers"]["Stripe-Signature"]
    stripe.WebhookSignature.verify_header(taken["raw"], header, WEBHOOK_SECRET, 300)


def test_a_wrong_secret_is_no_good_and_the_right_one_is(
    sandbox: Sandbox, hook: Hook, happens: Callable[..., list[str]]
) -> None:
    sandbox.webhook_faults.wrong_secret = 1
    (event,) = happens()
    courier = sandbox.account.courier
    until(lambda: bool(courier.of(event)[0]["attempts"]))
    assert hook.events == []  # the SDK refused it

    sandbox.webhook_faults.wrong_secret = 0
    sandbox.deliver_pending()

    assert [taken["id"] for taken in hook.events] == [event]


def test_the_mail_server_takes_no_mail_for_a_while(sandbox: Sandbox) -> None:
    def sends() -> None:
        with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as smtp:
            smtp.sendmail("site@example.com", ["ada@example.com"], "Subject: Hello\r\n\r\nAda")

    sandbox.mail_refused = 1
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        sends()
    assert sandbox.mailbox.messages == []

    sandbox.mail_refused = 0
    sends()
    assert [mail.to for mail in sandbox.mailbox.messages] == ["ada@example.com"]


def test_the_same_number_brings_the_same_faults(sandbox: Sandbox, account: Account) -> None:
    sandbox.webhook_url = "http://127.0.0.1:9/"
    sandbox.webhooks_paused = True
    sandbox.webhook_faults.lost = 0.5

    def fates() -> list[str]:
        sandbox.seed_random(7)
        events = [
            account.emit("product.updated", {"id": f"prod_{n}", "object": "product"})
            for n in range(12)
        ]
        return [account.courier.of(event)[0]["state"] for event in events]

    first = fates()
    assert set(first) == {"lost", "pending"}
    assert fates() == first


def test_a_receiver_that_hangs_holds_up_nobody_else(
    sandbox: Sandbox, hook: Hook, client: stripe.StripeClient
) -> None:
    over = threading.Event()

    class Hangs(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            over.wait(30)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hangs) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        client.v1.webhook_endpoints.create({"url": address, "enabled_events": ["*"]})
        sandbox.webhook_url = hook.url

        for name in ("first", "second"):
            client.v1.products.create({"name": name})

        until(lambda: hook.types.count("product.created") == 2)
        over.set()
        server.shutdown()
        serving.join()


def statuses(client: stripe.StripeClient, calls: int) -> list[int]:
    found = []
    for _ in range(calls):
        try:
            client.v1.products.list()
        except stripe.StripeError as error:
            found.append(error.http_status or 0)
        else:
            found.append(200)
    return found


def test_stripe_fails_for_a_share_of_calls(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.stripe_fault, sandbox.stripe_fault_share = "down", 0.5
    sandbox.seed_random(3)

    first = statuses(client, 12)
    sandbox.seed_random(3)

    assert set(first) == {200, 500}
    assert statuses(client, 12) == first
    sandbox.stripe_fault_share = 0
    assert set(statuses(client, 5)) == {200}


def test_stripe_says_which_limit_it_is(
    sandbox: Sandbox, curl: Callable[..., requests.Response]
) -> None:
    sandbox.stripe_fault = "limit"

    answer = curl("GET", "/v1/products")

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit")
    assert answer.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    sandbox.stripe_fault = None
    assert "Stripe-Rate-Limited-Reason" not in curl("GET", "/v1/products").headers


def test_stripe_is_slow_for_a_share_of_calls(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.stripe_fault, sandbox.stripe_fault_share, sandbox.slowness = "slow", 0, 3600

    assert statuses(client, 3) == [200] * 3  # or it would take an hour


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("limit", 429), ("refuse", 422)])
def test_mailerlite_fails_for_a_share_of_calls(
    sandbox: Sandbox, mailerlite: Callable[..., requests.Response], fault: str, status: int
) -> None:
    sandbox.mailerlite_fault, sandbox.mailerlite_fault_share = fault, 0.5
    sandbox.seed_random(3)

    answers = [mailerlite("POST", "/groups", name=f"Group {n}") for n in range(12)]

    assert {answer.status_code for answer in answers} == {201, status}
    assert ("Retry-After" in answers[0].headers) == (answers[0].status_code == 429)
    made = [answer for answer in answers if answer.status_code == 201]
    assert len(sandbox.account.store.find("group")) == len(made)


@pytest.fixture
def knobs(sandbox: Sandbox) -> Callable[..., requests.Response]:
    def turn(**options: Any) -> requests.Response:
        url = f"{sandbox.url}/control/faults"
        return requests.post(url, timeout=5, allow_redirects=False, **options)

    return turn


def test_every_knob_turns_by_http(
    sandbox: Sandbox, knobs: Callable[..., requests.Response]
) -> None:
    wanted = {
        "stripe_fault": "slow",
        "stripe_fault_share": 0.5,
        "mailerlite_fault": "refuse",
        "mailerlite_fault_share": 0.25,
        "mailerlite_limit": 7,
        "mailerlite_fault_only": "POST campaigns/*",
        "mailerlite_import_limit": 2,
        "mailerlite_plan": "lower",
        "double_opt_in": True,
        "slowness": 1.5,
        "mail_refused": 0.7,
        "after_retries": "unpaid",
        "webhooks_paused": True,
        "twice": 0.1,
        "lost": 0.2,
        "late": 0.3,
        "late_seconds": 5.0,
        "shuffled": True,
        "twins": 0.4,
        "two_signatures": True,
        "old_timestamp": 0.6,
        "wrong_secret": 0.9,
    }
    unturned = sandbox.read()
    assert unturned.keys() == wanted.keys()

    answer = knobs(json=wanted)

    assert (answer.status_code, answer.json()) == (200, wanted)
    assert sandbox.read() == wanted
    assert (sandbox.stripe_fault, sandbox.webhook_faults.twice) == ("slow", 0.1)
    as_text = {name: str(value).lower() for name, value in unturned.items()}
    assert knobs(data=as_text).status_code == 303
    assert sandbox.read() == unturned
    url = f"{sandbox.url}/control/faults"
    assert requests.get(url, headers={"Accept": "application/json"}, timeout=5).json() == unturned


def test_a_seed_by_http(sandbox: Sandbox, knobs: Callable[..., requests.Response]) -> None:
    drawn = []
    for _ in range(2):
        assert knobs(json={"seed": 5}).status_code == 200
        drawn.append(sandbox.faults.chance.random())

    assert drawn[0] == drawn[1]


WRONG = [
    {"stripe_fault": "sulking"},
    {"twice": 2},
    {"twice": "often"},
    {"late_seconds": -1},
    {"shuffled": "maybe"},
    {"webhooks_paused": "no"},
    {"mailerlite_limit": -1},
    {"after_retries": "weep"},
    {"seed": "x"},
    {"__class__": "x"},
    {"url": "http://evil.example"},
]
AS_JSON_ALONE = [
    {"stripe_fault": 3},
    {"stripe_fault": {}},
    {"twice": None},
    {"twice": True},
    {"shuffled": 1},
    {"faults": {}},
]
AS_A_FORM_ALONE = [{"slowness": "nan"}, {"lost": "inf"}, {"late": ""}]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *(("json", wrong) for wrong in WRONG + AS_JSON_ALONE),
        *(("data", wrong) for wrong in WRONG + AS_A_FORM_ALONE),
    ],
)
def test_a_knob_that_cannot_be_turned_so_turns_nothing(
    sandbox: Sandbox,
    knobs: Callable[..., requests.Response],
    wrong: dict[str, Any],
    kind: str,
) -> None:
    before = sandbox.read()

    answer = knobs(**{kind: {"twins": 0.5, **wrong}})

    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert sandbox.read() == before


def test_not_even_nan_by_json(sandbox: Sandbox, knobs: Callable[..., requests.Response]) -> None:
    answer = knobs(data='{"lost": NaN}', headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert sandbox.webhook_faults.lost == 0


@pytest.mark.parametrize("body", ["", "[1]", "null", "{", '"x"'])
def test_a_body_that_is_no_table_of_knobs(
    knobs: Callable[..., requests.Response], body: str
) -> None:
    answer = knobs(data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert "error" in answer.json()


def test_a_misspelt_fault_is_told(sandbox: Sandbox) -> None:
    with pytest.raises(AttributeError, match="no fault 'twise'"):
        sandbox.webhook_faults.twise = 1
    with pytest.raises(ValueError, match="from 0 to 1"):
        sandbox.webhook_faults.lost = 3


def test_after_a_restart_all_is_well(tmp_path: Any) -> None:
    """Faults are of the moment: nobody looks for yesterday's."""
    with Sandbox(state=tmp_path / "state") as first:
        first.stripe_fault = "down"
        first.webhook_faults.lost = 1
    with Sandbox(state=tmp_path / "state") as second:
        assert (second.stripe_fault, second.webhook_faults.lost) == (None, 0)
