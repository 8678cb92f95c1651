"""One story, told to the sandbox in `make test` and to Stripe itself in `make test-stripe`.

Stripe's own test clock moves through the months. Its events are fetched and handed to our webhook,
since Stripe cannot reach this machine; the signature is made with our secret, over Stripe's bytes.
"""

import secrets
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask

from membership.db import db
from membership.inbox import InboxEvent
from tests.conftest import MakeApp
from tests.support import people
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.paying import copy_catalogue
from tests.support.settings import WEBHOOK_SECRET
from tests.support.shop import Shop
from tests.support.working import works

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
MONTH = timedelta(days=31, hours=3)  # the longest, and the hours until Stripe has charged


@pytest.fixture
def app(make_app: MakeApp, shop: Shop) -> Flask:
    return make_app(STRIPE_API_BASE=shop.base, STRIPE_SECRET_KEY=shop.key, MAILERLITE_API_KEY="")


class Member:
    """Somebody with an account here, and the same address at Stripe."""

    def __init__(self, app: Flask, site_url: str, shop: Shop, clock: MovableClock) -> None:
        self.app, self.site_url, self.shop, self.clock = app, site_url, shop, clock
        self.email = f"ada-{secrets.token_hex(6)}@example.com"
        people.opens_account(app, self.email)

    def door(self) -> int:
        """What /premium answers when everything Stripe has told so far has been worked on."""
        self.clock.now = self.shop.now
        browser = Browser(self.app, self.site_url)
        for body, headers in self.shop.news(WEBHOOK_SECRET):
            answer = browser.client.post(
                "/webhooks/stripe", data=body, headers=headers, base_url=self.site_url
            )
            assert answer.status_code == HTTPStatus.OK, answer.text
        with self.app.app_context():
            works(self.app)
            left = db.session.query(InboxEvent).filter(InboxEvent.due_at.is_not(None)).all()
            assert [event.last_error for event in left] == []
        people.signs_in(browser, self.email)
        return browser.get("/premium").status_code


def test_from_the_first_payment_through_a_failed_one_to_the_end(
    app: Flask, site_url: str, shop: Shop, clock: MovableClock
) -> None:
    copy_catalogue(app)
    ada = Member(app, site_url, shop, clock)
    shop.has_customer(ada.email)
    assert ada.door() == SHUT

    subscription_id = shop.subscribes()
    assert ada.door() == OPEN

    shop.time_passes(MONTH)
    assert ada.door() == OPEN

    shop.uses_card("pm_card_chargeCustomerFail")
    shop.time_passes(MONTH)
    assert ada.door() == OPEN  # in grace
    assert shop.client.v1.subscriptions.retrieve(subscription_id).status == "past_due"

    shop.time_passes(timedelta(days=8))
    assert ada.door() == SHUT

    shop.uses_card("pm_card_visa")
    unpaid = shop.client.v1.invoices.list({"subscription": subscription_id, "status": "open"})
    shop.client.v1.invoices.pay(unpaid.data[0].id)
    assert ada.door() == OPEN

    paid = shop.client.v1.charges.list({"customer": shop.customer.id, "limit": 1}).data[0]
    shop.client.v1.refunds.create({"charge": paid.id})
    assert ada.door() == OPEN  # a subscription follows its status, not its refunds

    shop.client.v1.subscriptions.cancel(subscription_id)
    assert ada.door() == SHUT
