"""Whether what Stripe has to tell reaches us."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from membership.billing.endpoints import EVENTS
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.checkup import SITE, level, said
from tests.support.databases import on_each_database
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays

MakeApp = Callable[..., Flask]
ADDRESS = f"{SITE}/webhooks/stripe"
MINUTE = 60


@pytest.fixture
def public(make_app: MakeApp) -> Flask:
    return make_app(SITE_URL=SITE)


def makes(sandbox: Sandbox, url: str = ADDRESS, *events: str) -> dict[str, Any]:
    """An endpoint, by hand in Stripe's dashboard."""
    names = {f"enabled_events[{n}]": name for n, name in enumerate(events or EVENTS)}
    return ask_stripe(sandbox, "webhook_endpoints", {"url": url, **names})


def test_no_endpoint_one_and_one_switched_off(public: Flask, sandbox: Sandbox) -> None:
    found = said(public, "endpoint")
    assert (found.level, "register-webhook" in found.do) == ("broken", True)
    made = makes(sandbox)
    assert level(public, "endpoint") == "well"
    ask_stripe(sandbox, f"webhook_endpoints/{made['id']}", {"disabled": "true"})
    assert "switched off" in said(public, "endpoint").what


def test_an_address_that_is_nearly_right(public: Flask, sandbox: Sandbox) -> None:
    makes(sandbox, "https://shop.example/webhooks/stripe")
    assert "not the same" not in said(public, "endpoint").what
    makes(sandbox, ADDRESS + "/")
    found = said(public, "endpoint")
    assert (found.level, f"to {ADDRESS}/, which is not the same" in found.what) == ("broken", True)


def test_events_that_were_left_out(public: Flask, sandbox: Sandbox) -> None:
    makes(sandbox, ADDRESS, *EVENTS[1:])
    found = said(public, "endpoint")
    assert (found.level, found.what.endswith(f"does not send {EVENTS[0]}.")) == ("look", True)


def test_all_events_are_enough(public: Flask, sandbox: Sandbox) -> None:
    makes(sandbox, ADDRESS, "*")
    assert level(public, "endpoint") == "well"


def test_an_old_version(public: Flask, sandbox: Sandbox) -> None:
    made = makes(sandbox)
    kept: Any = sandbox.account.store.get("webhook_endpoint", made["id"])
    sandbox.account.save({**kept, "api_version": "2024-06-20"})
    found = said(public, "endpoint")
    assert (found.level, "2024-06-20" in found.what) == ("look", True)


def test_on_this_machine_stripe_cannot_reach_us(make_app: MakeApp) -> None:
    """And is not asked: no call leaves."""
    assert level(make_app(STRIPE_API_BASE="https://api.stripe.com"), "endpoint") == "skipped"


@on_each_database
def test_a_checkout_completed_and_no_webhook_came(
    listening: str, app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere
) -> None:
    copy_catalogue(app)
    sandbox.webhooks_paused = True
    pays(elsewhere, chooses(grace, app))
    sandbox.clock.advance(9 * MINUTE)
    assert (level(app, "checkouts"), level(app, "deliveries")) == ("well", "well")
    sandbox.clock.advance(2 * MINUTE)
    found = said(app, "checkouts")
    assert found.level == "broken"
    assert found.what.startswith("1 checkout was completed")
    found = said(app, "deliveries")
    assert (found.level, "not reached us" in found.what) == ("broken", True)
    sandbox.deliver_pending()
    assert (level(app, "checkouts"), level(app, "deliveries")) == ("well", "well")


def test_what_was_before_the_endpoint_nobody_was_to_tell_us(
    app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere, site_url: str
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    sandbox.clock.advance(60 * MINUTE)
    assert level(app, "checkouts") == "broken"
    makes(sandbox, f"{site_url}/webhooks/stripe")
    assert level(app, "checkouts") == "well"


def test_what_others_did_not_take_is_not_ours(
    listening: str, app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere
) -> None:
    """Somebody else's endpoint in the same account is down; ours has everything."""
    copy_catalogue(app)
    makes(sandbox, "http://127.0.0.1:9/stripe")
    pays(elsewhere, chooses(grace, app))
    sandbox.deliver_pending()
    sandbox.clock.advance(11 * MINUTE)
    assert level(app, "deliveries") == "well"
