"""flask billing register-webhook: what an owner types before the first real payment."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from membership.billing import endpoints
from membership.billing.stripe_api import API_VERSION
from sandbox.server import Sandbox
from tests.support.odd_server import answering
from tests.support.paying import ask_stripe

MakeApp = Callable[..., Flask]
SITE = "https://letters.example"
ADDRESS = f"{SITE}/webhooks/stripe"


def registers(app: Flask, *options: str, answer: str | None = None) -> tuple[int, str]:
    """The command; `answer` is what the owner types when asked."""
    words = ["billing", "register-webhook", *options]
    done = app.test_cli_runner().invoke(args=words, input=answer)
    return done.exit_code, done.output


def at_stripe(sandbox: Sandbox) -> list[dict[str, Any]]:
    listed: Any = ask_stripe(sandbox, "webhook_endpoints?limit=100", method="GET")["data"]
    return list(listed)


def speaks_old_version(sandbox: Sandbox, endpoint_id: str) -> None:
    """As an endpoint does that was made before the last of Stripe's breaking changes."""
    kept: Any = sandbox.account.store.get("webhook_endpoint", endpoint_id)
    sandbox.account.save({**kept, "api_version": "2024-06-20"})


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(SITE_URL=SITE, STRIPE_WEBHOOK_SECRET="")


def test_the_first_time_it_is_made_and_its_secret_told_once(app: Flask, sandbox: Sandbox) -> None:
    status, said = registers(app)
    (made,) = at_stripe(sandbox)
    assert (status, made["url"], made["api_version"]) == (0, ADDRESS, API_VERSION)
    assert made["enabled_events"] == list(endpoints.EVENTS)
    kept: Any = sandbox.account.store.get("webhook_endpoint", made["id"])
    assert f"STRIPE_WEBHOOK_SECRET={kept['secret']}\n" in said

    status, said = registers(app)
    assert (status, at_stripe(sandbox)) == (0, [made])
    assert "there already" in said
    assert kept["secret"] not in said


def test_a_secret_that_is_in_use_is_kept_beside_the_new_one(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    _, said = registers(make_app(SITE_URL=SITE))
    assert ",<what stands there now>" in said
    assert "whsec_sandbox" not in said


def test_an_event_that_was_forgotten_by_hand_is_asked_for(app: Flask, sandbox: Sandbox) -> None:
    ask_stripe(sandbox, "webhook_endpoints", {"url": ADDRESS, "enabled_events[0]": "invoice.paid"})
    status, said = registers(app)
    (mended,) = at_stripe(sandbox)
    assert (status, mended["enabled_events"]) == (0, list(endpoints.EVENTS))
    assert "mended" in said


def test_one_that_stripe_switched_off_is_switched_on(app: Flask, sandbox: Sandbox) -> None:
    registers(app)
    (made,) = at_stripe(sandbox)
    ask_stripe(sandbox, f"webhook_endpoints/{made['id']}", {"disabled": "true"})
    registers(app)
    assert [each["status"] for each in at_stripe(sandbox)] == ["enabled"]


def test_other_peoples_endpoints_are_left_alone(app: Flask, sandbox: Sandbox) -> None:
    for url in ("https://shop.example/stripe", ADDRESS + "/"):
        ask_stripe(sandbox, "webhook_endpoints", {"url": url, "enabled_events[0]": "*"})
    before = at_stripe(sandbox)
    registers(app, "--yes")
    after = at_stripe(sandbox)
    assert [each for each in after if each["url"] != ADDRESS] == before
    assert len(after) == len(before) + 1


@pytest.mark.parametrize(("answer", "state"), [("y\n", "disabled"), ("n\n", "enabled")])
def test_one_of_another_version_goes_when_the_owner_says_so(
    app: Flask, sandbox: Sandbox, answer: str, state: str
) -> None:
    registers(app)
    (old,) = at_stripe(sandbox)
    speaks_old_version(sandbox, old["id"])
    status, said = registers(app, answer=answer)
    states = {each["api_version"]: each["status"] for each in at_stripe(sandbox)}
    assert (status, states) == (0, {API_VERSION: "enabled", "2024-06-20": state})
    assert said.index("STRIPE_WEBHOOK_SECRET=whsec_") < said.index(old["id"])

    registers(app, "--yes")  # once more: nothing is made, and what is left is put away
    assert sorted(each["status"] for each in at_stripe(sandbox)) == ["disabled", "enabled"]


def test_in_the_sandbox_a_site_on_this_machine_can_be_registered(
    make_app: MakeApp, listening: str, sandbox: Sandbox
) -> None:
    sandbox.webhook_url = None
    status, said = registers(make_app(SITE_URL=listening))
    assert status == 0, said
    assert [each["url"] for each in at_stripe(sandbox)] == [f"{listening}/webhooks/stripe"]


@pytest.mark.parametrize("key", ["sk_live_1", "sk_test_1"])
def test_stripe_itself_is_not_given_an_address_on_this_machine(make_app: MakeApp, key: str) -> None:
    app = make_app(
        STRIPE_API_BASE="https://api.stripe.com", STRIPE_SECRET_KEY=key, STRIPE_WEBHOOK_SECRET=""
    )
    status, said = registers(app)
    assert status == 1
    assert "https://" in said


def test_stripe_down_is_said_and_nothing_is_made(app: Flask, sandbox: Sandbox) -> None:
    sandbox.stripe_fault = "down"
    status, said = registers(app)
    sandbox.stripe_fault = None
    assert (status, at_stripe(sandbox)) == (1, [])
    assert "Error: Stripe: " in said


def test_a_key_that_may_not_is_told_so(make_app: MakeApp) -> None:
    refusal = {"error": {"type": "invalid_request_error", "message": "The key lacks a permission."}}
    with answering(403, json.dumps(refusal).encode()) as address:
        status, said = registers(make_app(SITE_URL=SITE, STRIPE_API_BASE=address))
    assert (status, said) == (1, "Error: Stripe: The key lacks a permission.\n")
