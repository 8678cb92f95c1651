"""The manners of Stripe's API, through the real SDK and by hand."""

from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox

Curl = Callable[..., requests.Response]


def headers_of(answer: stripe.StripeObject) -> Mapping[str, str]:
    assert answer.last_response is not None
    return answer.last_response.headers


def test_a_customer_is_made_changed_found_and_deleted(client: stripe.StripeClient) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com", "metadata": {"a": "1", "b": "2"}})

    client.v1.customers.update(ada.id, {"name": "Ada", "metadata": {"b": ""}})

    found = client.v1.customers.retrieve(ada.id)
    assert (found.name, found.email) == ("Ada", "ada@example.com")
    assert found.metadata is not None
    assert found.metadata.to_dict() == {"a": "1"}
    assert [c.id for c in client.v1.customers.list({"email": "ada@example.com"})] == [ada.id]
    assert client.v1.customers.delete(ada.id).deleted
    assert client.v1.customers.retrieve(ada.id).to_dict() == {
        "id": ada.id,
        "object": "customer",
        "deleted": True,
    }
    assert client.v1.customers.list().data == []


def test_every_answer_says_who_and_when(client: stripe.StripeClient) -> None:
    ada = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "ada"})

    headers = headers_of(ada)
    assert headers["Request-Id"].startswith("req_")
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert headers["Idempotency-Key"] == "ada"
    assert headers["Original-Request"] == headers["Request-Id"]


@pytest.mark.parametrize("key", ["", "sk_wrong", "sk_live_aaaaaaaaaaaa", "rk_live_aaaaaaaaaaaa"])
def test_a_key_that_is_no_test_key_is_refused(sandbox: Sandbox, key: str) -> None:
    answer = requests.get(
        f"{sandbox.stripe_base}/v1/prices", headers={"Authorization": f"Bearer {key}"}, timeout=5
    )

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "aaaaaaaa" not in answer.text


def test_a_live_key_is_told_why(make_client: Callable[..., stripe.StripeClient]) -> None:
    with pytest.raises(stripe.AuthenticationError, match="live key"):
        make_client("sk_live_aaaaaaaaaaaa").v1.products.list()


def test_another_version_of_the_api_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=r"endive"):
        client.v1.products.list({}, {"stripe_version": "2024-06-20"})


@pytest.mark.parametrize(
    ("path", "fields", "param", "code"),
    [
        ("/v1/customers", {"emial": "x"}, "emial", "parameter_unknown"),
        ("/v1/customers", {"address[town]": "x"}, "address[town]", "parameter_unknown"),
        ("/v1/prices", {"currency": "eur"}, "unit_amount", "parameter_missing"),
        ("/v1/products", {"name": ""}, "name", "parameter_invalid_empty"),
        (
            "/v1/refunds",
            {"charge": "ch_1", "amount": "ten"},
            "amount",
            "parameter_invalid_integer",
        ),
        (
            "/v1/checkout/sessions",
            {"payment_method_types[0]": "card"},
            "payment_method_types",
            "parameter_unknown",
        ),
        ("/v1/refunds", {"charge": "ch_none"}, "charge", "resource_missing"),
        ("/v1/customers", {"expand[]": ""}, "expand[0]", "parameter_invalid_empty"),
    ],
)
def test_a_wrong_parameter_is_named(
    curl: Curl, path: str, fields: dict[str, str], param: str, code: str
) -> None:
    answer = curl("POST", path, data=fields)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["param"], error["code"]) == (param, code)
    assert error["message"]
    assert error["doc_url"].endswith(code.replace("_", "-"))


@pytest.mark.parametrize(
    "body", ["a[=1", "a=1&a[b]=2", "[]=1", "a[b][c][d][e][f][g][h][i][j][k][l]=1", "%ff=%fe", "&&="]
)
def test_what_cannot_be_read_is_refused_in_stripes_own_words(curl: Curl, body: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = curl("POST", "/v1/customers", data=body, headers=form)

    assert answer.status_code in (200, 400)
    assert (answer.status_code == 400) == ("error" in answer.json())


def test_an_address_that_is_not_there_and_an_object_that_is_not_there(curl: Curl) -> None:
    nowhere, nobody = curl("GET", "/v1/unicorns"), curl("GET", "/v1/customers/cus_none")

    assert (nowhere.status_code, nobody.status_code) == (404, 404)
    assert "Unrecognized request URL (GET: /v1/unicorns)" in nowhere.json()["error"]["message"]
    assert nobody.json()["error"]["code"] == "resource_missing"
    assert nobody.json()["error"]["message"] == "No such customer: 'cus_none'"


def test_the_same_key_gives_the_same_answer(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})
    again = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})

    assert again.id == first.id
    assert headers_of(again)["Idempotent-Replayed"] == "true"
    assert headers_of(again)["Original-Request"] == headers_of(first)["Request-Id"]
    assert len(client.v1.customers.list().data) == 1


def test_the_same_key_for_something_else_is_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create({"email": "eve@example.com"}, {"idempotency_key": "once"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.products.create({"name": "Ada"}, {"idempotency_key": "once"})


def test_a_refused_parameter_uses_no_key_up(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.prices.create({"currency": "eur"}, {"idempotency_key": "once"})

    assert client.v1.products.create({"name": "Essays"}, {"idempotency_key": "once"}).id


def test_a_key_is_forgotten_after_a_day(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    first = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})
    sandbox.clock.advance(24 * 60 * 60 + 1)
    again = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})

    assert again.id != first.id


def test_the_same_key_twice_at_once_is_a_conflict(sandbox: Sandbox) -> None:
    sandbox.stripe_fault, sandbox.slowness = "slow", 0.3
    statuses: list[int] = []

    def create() -> None:
        answer = requests.post(
            f"{sandbox.stripe_base}/v1/customers",
            data={"email": "ada@example.com"},
            headers={"Authorization": "Bearer sk_test_x", "Idempotency-Key": "once"},
            timeout=5,
        )
        statuses.append(answer.status_code)

    threads = [Thread(target=create) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 409, 409, 409, 409]
    assert len(sandbox.account.all("customer")) == 1


def test_lists_come_newest_first_a_page_at_a_time(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    newest_first = list(reversed(made))

    page = client.v1.customers.list({"limit": 2})
    assert ([c.id for c in page.data], page.has_more) == (newest_first[:2], True)
    assert [c.id for c in page.auto_paging_iter()] == newest_first
    back = client.v1.customers.list({"limit": 2, "ending_before": newest_first[3]})
    assert ([c.id for c in back.data], back.has_more) == (newest_first[1:3], True)
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client.v1.customers.list({"starting_after": "cus_none"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"limit": 101})


def test_created_bounds_a_list(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    old = client.v1.customers.create({"name": "old"})
    sandbox.clock.advance(100)
    new = client.v1.customers.create({"name": "new"})

    def created(bounds: Any) -> list[str]:
        return [c.id for c in client.v1.customers.list({"created": bounds}).data]

    assert created({"gt": old.created}) == [new.id]
    assert created({"lte": old.created}) == [old.id]
    assert created(new.created) == [new.id]


def test_prices_bring_their_products_when_asked(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    found = client.v1.prices.list({"expand": ["data.product"], "lookup_keys": ["yearly"]})

    (price,) = found.data
    assert price.id == prices["yearly"]
    assert isinstance(price.product, stripe.Product)
    assert price.product.metadata.to_dict() == {"plan": "member", "features": "premium"}
    assert price.recurring is not None
    assert price.recurring.interval == "year"


@pytest.mark.parametrize("path", ["data.nothing", "data.currency", "data.product.x.y.z", "product"])
def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, path: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        client.v1.prices.list({"expand": [path]})


def test_a_lookup_key_moves_to_the_new_price_only_when_told_to(
    client: stripe.StripeClient, prices: dict[str, str]
) -> None:
    new: Any = {
        "currency": "eur",
        "product": client.v1.prices.retrieve(prices["monthly"]).product,
        "unit_amount": 600,
        "recurring": {"interval": "month"},
        "lookup_key": "monthly",
    }
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.v1.prices.create(new)

    new["transfer_lookup_key"] = True
    price = client.v1.prices.create(new)

    assert price.lookup_key == "monthly"
    assert client.v1.prices.retrieve(prices["monthly"]).lookup_key is None


@pytest.mark.parametrize(
    ("fault", "error"), [("down", stripe.APIError), ("limit", stripe.RateLimitError)]
)
def test_stripe_can_be_down_or_limiting(
    client: stripe.StripeClient, sandbox: Sandbox, fault: str, error: type[Exception]
) -> None:
    sandbox.stripe_fault = fault
    with pytest.raises(error):
        client.v1.products.list()

    sandbox.stripe_fault = None
    assert client.v1.products.list().data


def test_there_is_no_fault_of_another_name(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="down, slow, limit"):
        sandbox.stripe_fault = "sulking"
