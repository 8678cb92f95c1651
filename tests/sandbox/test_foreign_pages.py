"""A page elsewhere cannot drive the sandbox, read it, or put it into a frame."""

from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser as Chromium

from sandbox.server import Sandbox
from tests.sandbox.shop import Buys

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9"},
    {"Origin": "https://127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


def everything(sandbox: Sandbox) -> dict[str, object]:
    """All that a POST could change."""
    store = sandbox.account.store
    kinds = ("customer", "subscription", "charge", "refund", "dispute", "subscriber", "group")
    return {
        "knobs": sandbox.read(),
        "ahead": sandbox.clock.ahead,
        "mails": len(sandbox.mailbox.messages),
        **{kind: store.find(kind) for kind in kinds},
    }


@pytest.fixture
def targets(sandbox: Sandbox, buys: Buys) -> dict[str, dict[str, str]]:
    """What a malicious form would send, by address, once Ada has paid and Grace is on the list."""
    customer = buys("monthly").customer
    headers = {"Authorization": "Bearer key"}
    url = f"{sandbox.mailerlite_base}/subscribers"
    grace = requests.post(url, json={"email": "grace@example.com"}, headers=headers, timeout=5)
    reader = grace.json()["data"]["id"]
    (charge,) = sandbox.account.all("charge")
    (subscription,) = sandbox.account.all("subscription")
    return {
        "/control/clock": {"by": "month"},
        "/control/clock/date": {"date": "2030-01-01"},
        "/control/faults": {"stripe_fault": "down"},
        f"/control/customers/{customer}/delete": {},
        f"/control/customers/{customer}/card/fails": {},
        f"/control/subscriptions/{subscription['id']}/end": {},
        f"/control/charges/{charge['id']}/refund": {},
        f"/control/charges/{charge['id']}/dispute": {"reason": "fraudulent"},
        f"/control/readers/{reader}/delete": {},
        "/control/deliveries/send": {},
        f"/mailerlite/unsubscribe/{reader}": {},
        f"/mailerlite/confirm/{reader}": {},
        "/mailerlite/api/subscribers": {"email": "eve@example.com"},
        "/stripe/v1/customers": {"email": "eve@example.com"},
        "/stripe/v1/refunds": {"charge": charge["id"]},
        f"/stripe/v1/subscriptions/{subscription['id']}": {"cancel_at_period_end": "true"},
    }


def test_no_form_of_another_page_has_an_effect(
    sandbox: Sandbox, targets: dict[str, dict[str, str]]
) -> None:
    before = everything(sandbox)

    for path, fields in targets.items():
        for headers in FOREIGN:
            for sent in ({"data": fields}, {"json": fields}):
                answer = requests.post(
                    sandbox.url + path,
                    headers={"Authorization": "Bearer sk_test_x", **headers},
                    timeout=5,
                    allow_redirects=False,
                    **sent,  # type: ignore[arg-type]
                )
                assert answer.status_code == 403, (path, headers)
                assert "no orders" in answer.text

    assert everything(sandbox) == before


def test_a_form_carries_no_key_so_the_apis_refuse_it_anyway(
    sandbox: Sandbox, targets: dict[str, dict[str, str]]
) -> None:
    before = everything(sandbox)

    for path in (path for path in targets if path.startswith(("/stripe", "/mailerlite/api"))):
        answer = requests.post(sandbox.url + path, data=targets[path], timeout=5)
        assert answer.status_code == 401, path

    assert everything(sandbox) == before


@pytest.mark.parametrize("host", ["evil.example", "sandbox.evil.example:80", "10.0.0.1"])
@pytest.mark.parametrize("path", ["/control", "/control/events", "/stripe/v1/events", "/mail"])
def test_a_name_that_was_pointed_here_reads_nothing(
    sandbox: Sandbox, buys: Buys, host: str, path: str
) -> None:
    buys("guide")

    answer = requests.get(
        sandbox.url + path,
        headers={"Host": host, "Authorization": "Bearer sk_test_x"},
        timeout=5,
    )

    assert answer.status_code == 403
    assert "ada@example.com" not in answer.text


def test_nothing_is_done_by_a_get(sandbox: Sandbox, targets: dict[str, dict[str, str]]) -> None:
    """A link or a picture on any page can make the browser ask for an address."""
    before = everything(sandbox)

    for path, fields in targets.items():
        requests.get(sandbox.url + path, params=fields, timeout=5)

    assert everything(sandbox) == before


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc"])
def test_a_live_key_is_told_to_go_away(sandbox: Sandbox, buys: Buys, key: str) -> None:
    buys("monthly")
    before = everything(sandbox)
    (charge,) = sandbox.account.all("charge")

    for path, fields in (("customers", {"email": "eve@example.com"}), ("refunds", charge)):
        answer = requests.post(
            f"{sandbox.stripe_base}/v1/{path}",
            data={"charge": fields["id"]} if "id" in fields else fields,
            headers={"Authorization": f"Bearer {key}"},
            timeout=5,
        )
        assert answer.status_code == 401
        assert "live key" in answer.json()["error"]["message"]

    assert everything(sandbox) == before


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Iterator[str]:
    """A page on another port of this machine that sends its forms to the sandbox by itself."""
    forms = "".join(
        f'<form method="post" action="{sandbox.url}{path}" target="{number}" enctype="{kind}">'
        f'<input name="{name}" value="{value}"></form><iframe name="{number}"></iframe>'
        for number, (path, name, value, kind) in enumerate(
            (
                ("/control/clock", "by", "month", "application/x-www-form-urlencoded"),
                ("/control/faults", '{"stripe_fault":"down","x":"', '"}', "text/plain"),
                ("/stripe/v1/customers", "email", "eve@example.com", "multipart/form-data"),
            )
        )
    )
    page = f"{forms}<script>for (const form of document.forms) form.submit()</script>"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_real_browser_is_led_to_a_foreign_page(
    sandbox: Sandbox, elsewhere: str, chromium_browser: Chromium
) -> None:
    before = everything(sandbox)
    statuses: list[int] = []
    with closing(chromium_browser.new_page()) as page:
        page.on(
            "response",
            lambda r: statuses.append(r.status) if r.request.method == "POST" else None,
        )
        page.goto(elsewhere, wait_until="networkidle")
    assert statuses == [403, 403, 403]
    assert everything(sandbox) == before
