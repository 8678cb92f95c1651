"""A shop that sells what the sandbox's Stripe has, without the application: client and webhook."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from sandbox.stripe.account import Account
from tests.sandbox.shop import PAGE_FIELDS, WORKS, Buys, Hook, open_checkout
from tests.support.browser import Elsewhere


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account


@pytest.fixture
def prices(sandbox: Sandbox) -> dict[str, str]:
    return {name: price["id"] for name, price in sandbox.seed().items()}


@pytest.fixture
def make_client(sandbox: Sandbox) -> Iterator[Callable[..., stripe.StripeClient]]:
    """The real SDK; without retries, so that a test sees every answer."""
    http = stripe.RequestsClient(timeout=10)

    def make(key: str = "sk_test_sandbox", **options: Any) -> stripe.StripeClient:
        return stripe.StripeClient(
            key, base_addresses={"api": sandbox.stripe_base}, http_client=http, **options
        )

    yield make
    http.close()  # type: ignore[no-untyped-call]  # the SDK's own


@pytest.fixture
def client(make_client: Callable[..., stripe.StripeClient]) -> stripe.StripeClient:
    return make_client()


@pytest.fixture
def payer() -> Iterator[Elsewhere]:
    """Somebody in front of Stripe's page."""
    with Elsewhere() as person:
        yield person


@pytest.fixture
def curl(sandbox: Sandbox) -> Iterator[Callable[..., requests.Response]]:
    """Stripe's API by hand: curl("POST", "/v1/customers", data={…})."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = "Bearer sk_test_sandbox"

        def call(method: str, path: str, **options: Any) -> requests.Response:
            return session.request(method, sandbox.stripe_base + path, timeout=10, **options)

        yield call


@pytest.fixture
def mailerlite(sandbox: Sandbox) -> Iterator[Callable[..., requests.Response]]:
    """MailerLite's API: mailerlite("POST", "/groups", name="Verify")."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update({"Authorization": "Bearer key", "Accept": "application/json"})

        def call(method: str, path: str, **body: Any) -> requests.Response:
            return session.request(method, sandbox.mailerlite_base + path, json=body, timeout=10)

        yield call


@pytest.fixture
def free(mailerlite: Callable[..., requests.Response]) -> str:
    """The id of a group of MailerLite's."""
    return str(mailerlite("POST", "/groups", name="Free").json()["data"]["id"])


@pytest.fixture
def verify(mailerlite: Callable[..., requests.Response]) -> str:
    """The group of the codes, whose automation mails whoever joins."""
    mailerlite("POST", "/fields", name="verification_code", type="text")
    return str(mailerlite("POST", "/groups", name="Verify").json()["data"]["id"])


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Something that listens; a signature that does not fit is an error."""
    receiver = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.receive(body, dict(self.headers.items())))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def buys(client: stripe.StripeClient, prices: dict[str, str], payer: Elsewhere) -> Buys:
    """Open a checkout and pay: buys("monthly", email=…), buys("guide", customer=…).

    What the page asks for besides is typed by its name: promotion_code=…, country=…; `card` is
    None where it asks for none.
    """

    def buy(
        name: str, *, email: str = "ada@example.com", card: str | None = WORKS, **params: Any
    ) -> stripe.checkout.Session:
        typed = {field: params.pop(field) for field in PAGE_FIELDS & params.keys()}
        session = open_checkout(client, prices[name], recurring=name != "guide", **params)
        assert session.url
        if card:
            typed["card"] = card
        payer.submit(session.url, email=email, **typed)
        return client.v1.checkout.sessions.retrieve(session.id)

    return buy
