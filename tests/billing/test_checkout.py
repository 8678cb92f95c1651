"""What the payment page asks is the owner's setting; a double click makes one page of it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from membership.accounts.models import User
from membership.billing.checkout import CHECKOUT_BEGUN, CUSTOMER_MADE
from membership.billing.models import Checkout, Customer, Match
from membership.db import db, transaction
from membership.journal import Entry
from sandbox.server import Sandbox
from tests.support import people
from tests.support.browser import Browser, Elsewhere
from tests.support.paying import WORKS, ask_stripe, chooses, copy_catalogue, pays, way_back
from tests.support.people import GRACE
from tests.support.served import served

Opens = Callable[..., Browser]


@pytest.fixture
def grace_at(make_app: Callable[..., Flask], site_url: str, sandbox: Sandbox) -> Opens:
    """Grace, signed in at a site with these settings."""

    def opens(**changed: str) -> Browser:
        app = make_app(**changed)
        copy_catalogue(app)
        people.opens_account(app, GRACE)
        return people.signs_in(Browser(app, site_url), GRACE)

    return opens


def app_of(member: Browser) -> Flask:
    found: Flask = member.client.application
    return found


def sessions(sandbox: Sandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask_stripe(  # type: ignore[assignment]
        sandbox, "checkout/sessions?limit=100", method="GET"
    )["data"]
    return found


@pytest.mark.parametrize(
    "setting",
    ["", "CHECKOUT_PROMOTION_CODES", "CHECKOUT_TAX", "CHECKOUT_TERMS"],
)
@pytest.mark.parametrize("name", ["monthly", "guide"])
def test_with_each_setting_a_double_click_makes_one_session(
    grace_at: Opens, sandbox: Sandbox, setting: str, name: str
) -> None:
    grace = grace_at(**({setting: "true"} if setting else {}))
    app = app_of(grace)
    first = chooses(grace, app, name)
    assert chooses(grace, app, name) == first
    (made,) = sessions(sandbox)
    assert made["allow_promotion_codes"] is (setting == "CHECKOUT_PROMOTION_CODES" or None)
    assert made["automatic_tax"]["enabled"] is (setting == "CHECKOUT_TAX")
    consent = made["consent_collection"] or {}
    assert (consent.get("terms_of_service") == "required") is (setting == "CHECKOUT_TERMS")


def test_a_second_press_after_a_crash_finds_the_session_stripe_had_made(
    grace_at: Opens, sandbox: Sandbox
) -> None:
    grace = grace_at()
    app = app_of(grace)
    first = chooses(grace, app)
    with app.app_context(), transaction() as session:  # as if it had died before it was stored
        session.delete(session.query(Checkout).one())
        session.execute(delete(Entry).where(Entry.kind == CHECKOUT_BEGUN))
    assert chooses(grace, app) == first
    assert len(sessions(sandbox)) == 1


def test_a_setting_that_changed_between_two_presses_does_not_lock_anybody_out(
    grace_at: Opens, make_app: Callable[..., Flask], site_url: str, sandbox: Sandbox
) -> None:
    grace = grace_at()
    before = app_of(grace)
    first = chooses(grace, before)
    with before.app_context(), transaction() as session:
        session.delete(session.query(Checkout).one())
    after = make_app(CHECKOUT_TERMS="true")
    again = people.signs_in(Browser(after, site_url), GRACE)
    assert chooses(again, after) != first


def test_an_address_that_changed_after_a_crash_does_not_lock_anybody_out(
    grace_at: Opens, sandbox: Sandbox
) -> None:
    grace = grace_at()
    app = app_of(grace)
    chooses(grace, app)
    with app.app_context(), transaction() as session:  # as if it had died before it was stored
        session.execute(delete(Checkout))
        session.execute(delete(Customer))
        session.execute(delete(Entry).where(Entry.kind == CUSTOMER_MADE))
        session.query(User).one().email = "grace@example.org"

    assert chooses(grace, app).startswith(sandbox.url)

    assert sandbox.account.all("customer")[-1]["email"] == "grace@example.org"


def test_who_must_agree_to_the_terms_agrees_and_then_pays(
    grace_at: Opens, elsewhere: Elsewhere, site_url: str
) -> None:
    grace = grace_at(CHECKOUT_TERMS="true")
    with served(app_of(grace), int(site_url.rpartition(":")[2])):
        url = chooses(grace, app_of(grace))
        assert pays(elsewhere, url).status_code != HTTPStatus.SEE_OTHER
        done = elsewhere.submit(url, card=WORKS, terms_of_service="accepted")
        assert grace.get(way_back(done)).location == "/premium"


def test_a_discount_of_everything_opens_without_a_payment(
    grace_at: Opens, sandbox: Sandbox, elsewhere: Elsewhere, site_url: str
) -> None:
    coupon = ask_stripe(sandbox, "coupons", {"percent_off": "100", "duration": "once"})
    ask_stripe(
        sandbox,
        "promotion_codes",
        {"promotion[type]": "coupon", "promotion[coupon]": str(coupon["id"]), "code": "FRIEND"},
    )
    grace = grace_at(CHECKOUT_PROMOTION_CODES="true")
    with served(app_of(grace), int(site_url.rpartition(":")[2])):
        url = chooses(grace, app_of(grace), "guide")
        done = elsewhere.submit(url, promotion_code="FRIEND", card=WORKS)
        assert grace.get(way_back(done)).location == "/premium"
    assert sessions(sandbox)[0]["payment_status"] == "no_payment_required"


def test_what_we_make_is_bound_by_having_been_made_here(grace_at: Opens) -> None:
    grace = grace_at()
    chooses(grace, app_of(grace))
    with app_of(grace).app_context():
        assert db.session.query(Customer).one().bound_by is Match.CHECKOUT
        begun = db.session.query(Checkout).one()
        assert begun.bound_by is Match.CHECKOUT
        assert begun.reference
