"""What an owner types."""

from collections.abc import Callable

import pytest
from flask import Flask

from membership.accounts.models import User
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.mailerlite_has import set_up
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import ADA, GRACE, opens_account


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=list(words))
    return done.exit_code, done.output


def test_an_owner_is_added_by_address(app: Flask) -> None:
    opens_account(app, ADA)
    assert run(app, "owner", "add", " Ada@Example.com ") == (
        0,
        "ada@example.com is an owner now.\n",
    )
    with app.app_context():
        assert db.session.query(User.is_owner).scalar() is True


@pytest.mark.parametrize("address", ["nobody@example.com", "not an address"])
def test_an_owner_needs_an_account(app: Flask, address: str) -> None:
    status, said = run(app, "owner", "add", address)
    assert status == 1
    assert said.startswith("Error: ")


def test_setting_up_the_newsletter_twice_makes_everything_once(app: Flask) -> None:
    first, second = set_up(app), set_up(app)
    for name in ("Verify", "Free", "Paid", "Lapsed"):
        assert f"Group {name}: made." in first
        assert f"Group {name}: there already." in second
    assert "verification_code" in first


def test_setting_up_while_mailerlite_is_down_says_so(app: Flask, sandbox: Sandbox) -> None:
    sandbox.mailerlite_fault = "down"
    status, said = run(app, "newsletter", "setup")
    assert status == 1
    assert said.startswith("Error: MailerLite: 503")


def test_setting_up_without_a_key_says_so(make_app: Callable[..., Flask]) -> None:
    status, said = run(make_app(MAILERLITE_API_KEY=""), "newsletter", "setup")
    assert status == 1
    assert "MAILERLITE_API_KEY" in said


def test_a_site_that_can_be_reached_gets_its_webhook(
    make_app: Callable[..., Flask], sandbox: Sandbox
) -> None:
    app = make_app(SITE_URL="https://letters.example")
    assert "MAILERLITE_WEBHOOK_SECRET=" in set_up(app)
    assert "https://letters.example/webhooks/mailerlite: there already" in set_up(app)
    assert sandbox.url not in set_up(app)


def test_the_catalogue_is_copied_or_the_command_says_why_not(app: Flask, sandbox: Sandbox) -> None:
    copy_catalogue(app)
    sandbox.stripe_fault = "down"
    status, said = run(app, "billing", "catalogue")
    assert status == 1
    assert said.startswith("Error: Stripe: ")


def test_a_member_is_read_again_by_address(
    grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    """No webhook comes, and the payer never returns: the owner's command opens the door."""
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    assert grace.get("/premium").status_code == 402
    status, said = run(app, "billing", "sync", GRACE)
    assert (status, grace.get("/premium").status_code) == (0, 200), said


@pytest.mark.parametrize("address", ["nobody@example.com", "not an address", GRACE])
def test_a_member_who_cannot_be_read_is_said_to_be_so(app: Flask, address: str) -> None:
    opens_account(app, GRACE)
    status, said = run(app, "billing", "sync", address)
    assert status == 1
    assert said.startswith("Error: ")
