"""Which Stripe: the sandbox, unless an owner lends the key of a test account in STRIPE_TEST_KEY."""

import os
from collections.abc import Iterator

import pytest
import stripe

from sandbox.server import Sandbox
from tests.support.shop import Shop

STRIPE = "https://api.stripe.com"


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    key = os.environ.get("STRIPE_TEST_KEY", "")
    assert not key or key.startswith(("sk_test_", "rk_test_")), "only a test key is ever used here"
    base = STRIPE if key else sandbox.stripe_base
    http = stripe.RequestsClient(timeout=30)
    client = stripe.StripeClient(
        key or "sk_test_sandbox", base_addresses={"api": base}, http_client=http
    )
    with Shop(client, base=base, key=key or "sk_test_sandbox") as shop:
        yield shop
    http.close()  # type: ignore[no-untyped-call]  # the SDK's own
