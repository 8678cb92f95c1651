"""What a member pays with: from Stripe's answers to the few words that are kept."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from flask import Flask

from membership.billing import ways_to_pay
from membership.billing.models import Subscription
from membership.db import db
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.behind_our_back import reconciles, subscribes
from tests.support.browser import Browser
from tests.support.databases import on_each_database
from tests.support.paying import ask_stripe, copy_catalogue
from tests.support.people import ADA, GRACE, signs_in
from tests.support.watched_stripe import Watched, watched

VISA = "Visa ending 4242"


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Watched]:
    with watched(sandbox.stripe_base) as standing:
        yield standing


def pays_with(app: Flask) -> dict[str, str | None]:
    """By subscription."""
    with app.app_context():
        return {row.stripe_id: row.pays_with for row in db.session.query(Subscription)}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"type": "card", "card": {"brand": "visa", "last4": "4242"}}, VISA),
        (
            {
                "type": "card",
                "card": {"brand": "visa", "display_brand": "cartes_bancaires", "last4": "0001"},
            },
            "Cartes Bancaires ending 0001",
        ),
        ({"type": "card", "card": {"brand": "moonstone", "last4": "7"}}, "Card ending 7"),
        ({"type": "sepa_debit", "sepa_debit": {"last4": "3000"}}, "SEPA debit ending 3000"),
        ({"type": "us_bank_account", "us_bank_account": {"last4": None}}, "Bank account"),
        ({"type": "paypal", "paypal": {"payer_email": "grace@example.com"}}, "PayPal"),
        ({"type": "link", "link": {"email": "grace@example.com"}}, "Link"),
        ({"type": "a_way_of_tomorrow", "a_way_of_tomorrow": {}}, ""),
        ({"type": "card"}, "Card"),
        ({}, ""),
    ],
)
def test_in_words_that_its_owner_knows_it_by(found: dict[str, Any], words: str) -> None:
    method = stripe.PaymentMethod.construct_from({"id": "pm_1", **found}, "sk_test_1")
    assert ways_to_pay.in_words(method) == words


def test_of_an_id_alone_nothing_is_said() -> None:
    assert ways_to_pay.in_words("pm_card_visa") == ""


@on_each_database
def test_a_subscriptions_own_way_comes_before_its_customers(
    app: Flask, sandbox: Sandbox, grace: Browser
) -> None:
    copy_catalogue(app)
    customer, subscription = subscribes(app, sandbox, GRACE)
    reconciles(app)
    assert pays_with(app) == {subscription: VISA}  # her customer's
    debit = {"type": "sepa_debit", "sepa_debit[iban]": "DE89370400440532013000"}
    method = str(ask_stripe(sandbox, "payment_methods", debit)["id"])
    ask_stripe(sandbox, f"payment_methods/{method}/attach", {"customer": customer})
    ask_stripe(sandbox, f"subscriptions/{subscription}", {"default_payment_method": method})
    assert syncs(app) == {subscription: "SEPA debit ending 3000"}
    ask_stripe(sandbox, f"subscriptions/{subscription}", method="DELETE")
    assert syncs(app) == {subscription: None}  # what has ended is charged to nothing


def syncs(app: Flask) -> dict[str, str | None]:
    done = app.test_cli_runner().invoke(args=["billing", "sync", GRACE])
    assert done.exit_code == 0, done.output
    return pays_with(app)


@on_each_database
@pytest.mark.usefixtures("grace", "ada")
def test_a_key_that_may_not_read_cards_opens_what_was_paid_and_is_refused_once(
    make_app: MakeApp, sandbox: Sandbox, site_url: str, door: Watched
) -> None:
    door.forbids = "default_payment_method"
    app = make_app(STRIPE_API_BASE=door.url)
    copy_catalogue(app)
    for email in (GRACE, ADA):
        subscribes(app, sandbox, email)
    reconciles(app)
    assert set(pays_with(app).values()) == {None}
    account = signs_in(Browser(app, site_url), GRACE)
    assert account.get("/premium").status_code == 200
    page = account.get("/account").text
    assert "Next charge: €5.00." in page
    assert "You pay with" not in page
    assert len([call for call in door.calls if "default_payment_method" in call]) == 1


@pytest.mark.usefixtures("grace")
def test_a_key_that_may_read_nothing_of_customers_is_no_reason_to_leave_the_card_out(
    make_app: MakeApp, sandbox: Sandbox, door: Watched
) -> None:
    app = make_app(STRIPE_API_BASE=door.url)
    copy_catalogue(app)
    _, subscription = subscribes(app, sandbox, GRACE)
    door.forbids = "v1/customers/"
    reconciles(app)
    assert pays_with(app) == {}
    door.forbids = None
    reconciles(app)
    assert pays_with(app) == {subscription: VISA}
