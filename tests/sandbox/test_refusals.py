"""What comes over the wire in no shape to be read, and what the real Stripe would not take."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from tests.sandbox.lives import someone, subscribes
from tests.sandbox.shop import BACK

Curl = Callable[..., requests.Response]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json", "Authorization": "Bearer key"}
DEEP = b"[" * 200_000


def refusal(answer: requests.Response, status: int = 400) -> dict[str, Any]:
    """Stripe's error object in an answer of that status."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return error


def test_an_array_with_an_endless_index(curl: Curl) -> None:
    error = refusal(curl("POST", "/v1/customers", data={f"expand[{'9' * 5000}]": "x"}))

    assert error["message"] == "Invalid array"


@pytest.mark.parametrize(("length", "status"), [("9" * 5000, b"413"), ("-1", b"411")])
def test_a_body_of_an_impossible_length(sandbox: Sandbox, length: str, status: bytes) -> None:
    at = urlsplit(sandbox.url)
    with socket.create_connection((at.hostname, at.port), timeout=5) as connection:
        head = f"POST /stripe/v1/customers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}"
        connection.sendall(f"{head}\r\n\r\n".encode())

        assert connection.recv(100).startswith(b"HTTP/1.1 " + status)


def test_only_a_form_is_read(curl: Curl, client: stripe.StripeClient) -> None:
    """Who forgets that Stripe takes no JSON is told, and makes no customer without an email."""
    error = refusal(curl("POST", "/v1/customers", json={"email": "ada@example.com"}))

    assert "application/x-www-form-urlencoded" in error["message"]
    assert client.v1.customers.list().data == []


def test_an_id_that_was_forgotten_is_no_list(curl: Curl, client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "ada@example.com"})

    error = refusal(curl("GET", "/v1/customers/"), 404)
    assert "remove the trailing slash" in error["message"]
    with pytest.raises(stripe.InvalidRequestError, match="trailing slash"):
        client.v1.customers.retrieve("")


def test_a_list_goes_one_way(client: stripe.StripeClient) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"}).id
    both: Any = {"starting_after": ada, "ending_before": ada}

    narrowed: Any = {**both, "email": "ada@example.com"}
    for wanted in (both, narrowed):
        with pytest.raises(stripe.InvalidRequestError, match="Please pass in only one"):
            client.v1.customers.list(wanted)


@pytest.mark.parametrize(
    "path", ["charges", "checkout/sessions", "invoices", "payment_intents", "subscriptions"]
)
def test_nobody_has_nothing(curl: Curl, client: stripe.StripeClient, path: str) -> None:
    """An id of another account's, say: an empty list would look like somebody who left."""
    error = refusal(curl("GET", f"/v1/{path}", params={"customer": "cus_none"}))
    assert (error["code"], error["param"]) == ("resource_missing", "customer")
    assert error["message"] == "No such customer: 'cus_none'"

    gone = someone(client)
    client.v1.customers.delete(gone)
    assert curl("GET", f"/v1/{path}", params={"customer": gone}).json()["data"] == []


def test_a_key_has_an_end(client: stripe.StripeClient) -> None:
    ada: Any = {"email": "ada@example.com"}
    client.v1.customers.create(ada, {"idempotency_key": "k" * 255})

    with pytest.raises(stripe.InvalidRequestError, match="255 characters"):
        client.v1.customers.create(ada, {"idempotency_key": "k" * 256})


@pytest.mark.parametrize("email", ["ada", "ada@", "@example.com", "ada@example", "a b@example.com"])
def test_an_email_is_one(
    client: stripe.StripeClient, prices: dict[str, str], curl: Curl, email: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid email address") as refused:
        client.v1.customers.create({"email": email})
    assert (refused.value.code, refused.value.param) == ("email_invalid", "email")

    session = {
        "mode": "payment",
        "line_items[0][price]": prices["guide"],
        "line_items[0][quantity]": "1",
        "success_url": BACK,
        "customer_email": email,
    }
    assert refusal(curl("POST", "/v1/checkout/sessions", data=session))["code"] == "email_invalid"


def test_what_has_ended_is_only_written_about(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    ended = subscribes(client, someone(client), prices["monthly"]).id
    client.v1.subscriptions.cancel(ended)

    noted: Any = {"metadata": {"why": "moved"}, "cancellation_details": {"comment": "Goodbye"}}
    told = client.v1.subscriptions.update(ended, noted)
    assert told.metadata["why"] == "moved"
    assert told.cancellation_details is not None
    assert told.cancellation_details.comment == "Goodbye"
    assert told.status == "canceled"

    refused: list[Any] = [
        {**noted, "cancel_at_period_end": False},
        {"items": [{"price": prices["yearly"]}]},
        {"description": "x"},
    ]
    for more in refused:
        with pytest.raises(stripe.InvalidRequestError, match="A canceled subscription"):
            client.v1.subscriptions.update(ended, more)


@pytest.mark.parametrize(
    "body",
    [DEEP, b'{"a":' * 200_000, b'{"email":"a\\ud800@example.com"}', b'{"email":NaN}'],
    ids=["deep", "deep objects", "half a character", "not a number"],
)
def test_json_that_php_could_not_read_is_an_empty_body(sandbox: Sandbox, body: bytes) -> None:
    answer = requests.post(
        f"{sandbox.mailerlite_base}/subscribers", data=body, headers=JSON, timeout=5
    )

    assert answer.status_code == 422
    assert "email" in answer.json()["errors"]
    assert requests.get(f"{sandbox.url}/control/readers", timeout=5).status_code == 200


@pytest.mark.parametrize("name", ["limit", "page"])
def test_a_page_that_is_no_number(sandbox: Sandbox, name: str) -> None:
    for wrong in ("9" * 5000, "-1", "x", "²", ""):
        answer = requests.get(
            f"{sandbox.mailerlite_base}/groups", params={name: wrong}, headers=JSON, timeout=5
        )

        assert answer.status_code == 422, wrong
        assert name in answer.json()["errors"]


@pytest.mark.parametrize("path", ["/control/clock", "/control/faults"])
def test_a_program_that_talks_nonsense_to_the_control_room(sandbox: Sandbox, path: str) -> None:
    answer = requests.post(sandbox.url + path, data=DEEP, headers=JSON, timeout=5)

    assert answer.status_code == 400


def test_a_way_back_with_a_line_of_its_own(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.url}/control/clock",
        data={"by": "hour", "back": "/control/\r\nSet-Cookie: a=b"},
        timeout=5,
        allow_redirects=False,
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/control")
    assert "Set-Cookie" not in answer.headers
