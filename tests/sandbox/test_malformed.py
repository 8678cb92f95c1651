"""What nobody should ask for is refused in Stripe's words, and never with a traceback."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe import checkout_terms, coupons, payment_links, portal, portal_configurations
from sandbox.stripe import promotion_codes as codes
from sandbox.stripe.params import Many, Nested, Table

Curl = Callable[..., requests.Response]
GARBAGE = ("", "x", "99999999999999999999")
TABLES: dict[str, Table] = {
    "/v1/checkout/sessions": checkout_terms.CREATE,
    "/v1/payment_links": payment_links.WRITE,
    "/v1/coupons": coupons.CREATE,
    "/v1/promotion_codes": codes.CREATE,
    "/v1/billing_portal/configurations": portal_configurations.CREATE,
    "/v1/billing_portal/sessions": portal.CREATE,
}


def names(table: Table, inside: str = "") -> Iterator[str]:
    """Every parameter at every depth, as it is written in a form."""
    for name, reader in table.items():
        path = f"{inside}[{name}]" if inside else name
        yield path
        inner = reader.each if isinstance(reader, Many) else reader
        place = f"{path}[0]" if isinstance(reader, Many) else path
        if isinstance(inner, Nested):
            yield from names(inner.table, place)
        elif isinstance(reader, Many):
            yield place


@pytest.fixture
def asked(client: stripe.StripeClient, prices: dict[str, str]) -> dict[str, dict[str, str]]:
    """Of each address, something it does take."""
    coupon = client.v1.coupons.create({"percent_off": 10}).id
    customer = client.v1.customers.create({"email": "ada@example.com"}).id
    features: Any = {"invoice_history": {"enabled": True}}
    configuration = client.v1.billing_portal.configurations.create({"features": features}).id
    line = {"line_items[0][price]": prices["monthly"], "line_items[0][quantity]": "1"}
    return {
        "/v1/checkout/sessions": {
            **line,
            "mode": "subscription",
            "success_url": "http://127.0.0.1:9/",
        },
        "/v1/payment_links": line,
        "/v1/coupons": {"percent_off": "10"},
        "/v1/promotion_codes": {"promotion[type]": "coupon", "promotion[coupon]": coupon},
        "/v1/billing_portal/configurations": {"features[invoice_history][enabled]": "true"},
        "/v1/billing_portal/sessions": {"customer": customer, "configuration": configuration},
    }


@pytest.mark.parametrize("path", TABLES)
def test_garbage_in_any_parameter_is_an_answer_of_stripes(
    curl: Curl, asked: dict[str, dict[str, str]], path: str
) -> None:
    assert curl("POST", path, data=asked[path]).status_code == 200

    for name in names(TABLES[path]):
        for wrong in GARBAGE:
            for form in ({name: wrong}, {f"{name}[0]": wrong}, {f"{name}[z][z]": wrong}):
                answer = curl("POST", path, data={**asked[path], **form})

                assert answer.status_code in (200, 400, 404), (form, answer.text)
                body = answer.json()
                if answer.status_code != 200:
                    assert body["error"]["type"] == "invalid_request_error"
                    assert body["error"]["message"]
