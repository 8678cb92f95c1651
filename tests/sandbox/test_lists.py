"""Lists: whatever they can be asked for narrows them."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import Sandbox
from sandbox.stripe import disputes, fraud_warnings, refunds
from sandbox.stripe.api import ROUTES
from sandbox.stripe.params import PAGE, Choice, Nested, Reader, Span, Text
from tests.sandbox.lives import item_of, someone, subscribes
from tests.sandbox.shop import Buys

Curl = Callable[..., requests.Response]
LISTS = {
    f"/v1{route.path}": {name: by for name, by in route.takes.items() if name not in PAGE}
    for route in ROUTES
    if route.method == "GET" and PAGE.keys() <= route.takes.keys() and "<" not in route.path
}
NEEDED = {"payment[type]": "payment_intent"}  # what a filter cannot be asked for without


@pytest.fixture
def busy(sandbox: Sandbox, client: stripe.StripeClient, prices: dict[str, str], buys: Buys) -> None:
    """Something of everything that can be asked for by what it belongs to."""
    account = sandbox.account
    for email in ("ada@example.com", "grace@example.com"):
        buys("guide", email=email)
    buys("monthly")
    refunded, disputed = account.all("charge", customer=None)
    fraud_warnings.warn(account, refunded["id"])
    refunds.refund(account, {"charge": refunded["id"]})
    disputes.open_(account, disputed["id"])
    ada = subscribes(client, someone(client), prices["monthly"])
    more: Any = {"items": [{"id": item_of(ada), "price": prices["yearly"]}]}
    client.v1.subscriptions.update(ada.id, more)
    coupon = client.v1.coupons.create({"percent_off": 10})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})


def matching_nothing(name: str, by: Reader) -> tuple[str, str] | None:
    """A filter that leaves nothing over; None where every value may be somebody's."""
    match by:
        case Text():
            return name, "x" * min(by.longest, 3)
        case Span():
            return f"{name}[lte]", "1"
        case Nested() if "payment_intent" in by.table or "email" in by.table:
            inner = "payment_intent" if "payment_intent" in by.table else "email"
            return f"{name}[{inner}]", "nothing"
    return None


def test_no_filter_is_left_unread(busy: None, curl: Curl) -> None:
    asked = 0
    for path, filters in LISTS.items():
        there = curl("GET", path).json()["data"]
        for name, by in filters.items():
            none = matching_nothing(name, by)
            if none and there:
                needed = {n: v for n, v in NEEDED.items() if n.startswith(f"{name}[")}
                answer = curl("GET", path, params={**needed, none[0]: none[1]})
                missing = name == "customer" and "No such customer" in answer.text
                assert missing or answer.json().get("data") == [], (path, name, answer.text)
                asked += 1
    assert asked > 40


def test_each_word_of_a_filter_is_told_apart(busy: None, curl: Curl) -> None:
    """Two words never leave the same objects over, but for those that mean all of them."""
    for path, filters in LISTS.items():
        for name, by in filters.items():
            if isinstance(by, Choice):
                seen: set[str] = set()
                for word in set(by.options) - {"all", "ended"}:
                    found = curl("GET", path, params={name: word, "limit": 100}).json()["data"]
                    ids = {each["id"] for each in found}
                    assert not ids & seen, (path, name, word)
                    seen |= ids


def test_the_charges_of_one_payment_and_of_no_other(
    busy: None, client: stripe.StripeClient
) -> None:
    for charge in client.v1.charges.list().data:
        intent = str(charge.payment_intent)
        found = client.v1.charges.list({"payment_intent": intent}).data
        assert [each.id for each in found] == [charge.id]
