"""From a plan to an open door: checkout, webhook, return, renewal of our copy."""

import re
import time
from datetime import timedelta
from functools import partial
from html import unescape
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import func, select

from membership import jobs
from membership.billing import sync
from membership.billing.models import Checkout, Customer, Grant, Product, Subscription
from membership.db import db
from membership.inbox import InboxEvent
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import (
    DECLINED,
    ask_stripe,
    chooses,
    copy_catalogue,
    pays,
    price_id,
    way_back,
)
from tests.support.people import GRACE
from tests.support.threads import at_once

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
pytestmark = pytest.mark.usefixtures("listening", "catalogue")


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@on_each_database
def test_the_webhook_opens_premium_without_the_payer_returning(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    assert premium(grace) == SHUT
    pays(elsewhere, chooses(grace, app))
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        assert {event.due_at for event in db.session.scalars(select(InboxEvent))} == {None}


@on_each_database
def test_the_way_back_opens_premium_while_the_webhook_is_late(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    sandbox.webhooks_paused = True
    returned = way_back(pays(elsewhere, chooses(grace, app)))
    assert count(app, InboxEvent) == 0
    assert grace.get(returned).location == "/premium"
    assert premium(grace) == OPEN
    sandbox.webhooks_paused = False
    sandbox.deliver_pending()
    work()
    assert premium(grace) == OPEN
    assert count(app, Grant) == 1


def test_the_list_hears_of_who_has_paid_without_waiting_for_the_sweep(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox
) -> None:
    sandbox.webhooks_paused = True
    returned = way_back(pays(elsewhere, chooses(grace, app)))
    queue = app.extensions["jobs"].huey
    time.sleep(2 * jobs.PAUSE)  # until no earlier nudge is on its way, or holds this one up
    queue.flush()
    grace.get(returned)
    assert ("subscribers",) in [task.args for task in queue.pending()]


def test_our_own_customer_is_stored_before_anybody_pays(grace: Browser, app: Flask) -> None:
    chooses(grace, app)
    with app.app_context():
        customer = db.session.query(Customer).one()
        assert customer.user_id
        assert customer.email == GRACE
        assert db.session.query(Checkout).one().customer_id == customer.stripe_id


def test_a_declined_card_opens_nothing_and_another_may_be_tried(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    url = chooses(grace, app)
    refused = pays(elsewhere, url, DECLINED)
    assert "declined" in refused.text
    work()
    assert premium(grace) == SHUT
    pays(elsewhere, url)
    work()
    assert premium(grace) == OPEN


def test_coming_back_without_having_paid_opens_nothing(grace: Browser, app: Flask) -> None:
    session_id = chooses(grace, app).rpartition("/")[2]
    answer = grace.get(f"/checkout/complete?session_id={session_id}")
    assert answer.location == "/plans"
    assert "Nothing was paid" in grace.get("/plans").text
    assert premium(grace) == SHUT


def test_while_stripe_does_not_answer_the_page_asks_again_less_and_less_often(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox
) -> None:
    returned = way_back(pays(elsewhere, chooses(grace, app)))
    asked = returned.replace("/complete?", "/complete.json?")
    sandbox.stripe_fault = "down"
    waits = []
    for _ in range(4):
        page = grace.get(returned).text
        assert 'data-waits="' in page  # what the script goes by
        wait, path = re.findall(r'http-equiv="refresh" content="(\d+); url=([^"]+)"', page)[0]
        waits.append(int(wait))
        returned = unescape(path)
    assert waits == [1, 2, 3, 5]
    assert grace.get(asked).json == {"leads_on": False}
    at_last = grace.get(f"{returned}0").text  # after forty looks, and after a minute of them
    assert "http-equiv" not in at_last
    assert "We will email you" in at_last
    assert "failed" not in at_last
    sandbox.stripe_fault = None
    assert grace.get(asked).json == {"leads_on": True}
    assert grace.get(returned).location == "/premium"
    assert grace.get("/premium").text.count("You are in.") == 2  # once said, once written there


def test_somebody_elses_session_shows_nothing_and_opens_nothing(
    grace: Browser, ada: Browser, visitor: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    returned = way_back(pays(elsewhere, chooses(grace, app)))
    assert ada.get(returned).status_code == HTTPStatus.NOT_FOUND
    asked = returned.replace("/complete?", "/complete.json?")
    assert ada.get(asked).status_code == HTTPStatus.NOT_FOUND
    assert visitor.get(asked).location.startswith("/login")
    assert visitor.get(returned).location.startswith("/login")
    assert visitor.get("/account").location.startswith("/login")


def test_a_one_off_opens_its_features_for_its_days(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        grants = db.session.scalars(select(Grant)).all()
        assert {grant.feature for grant in grants} == {"guide", "premium"}
        assert all(
            grant.ends_at and (grant.ends_at - grant.starts_at).days == 30 for grant in grants
        )


def test_while_stripe_is_down_a_stored_event_waits_and_nothing_is_lost(
    grace: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = chooses(grace, app)
    sandbox.webhooks_paused = True
    pays(elsewhere, url)
    sandbox.stripe_fault = "down"
    sandbox.deliver_pending()
    work()
    assert premium(grace) == SHUT
    with app.app_context():
        waiting = db.session.scalars(select(InboxEvent).where(InboxEvent.due_at.is_not(None))).all()
        assert {event.attempts for event in waiting} == {1}  # all of them by one reading
        assert all("StripeUnavailable" in (event.last_error or "") for event in waiting)
    tried = [told for told in caplog.messages if told.startswith("inbox")]
    assert len(tried) == 1  # nobody hammers a Stripe that is down
    sandbox.stripe_fault = None
    clock.passes(timedelta(minutes=1))
    work()
    assert premium(grace) == OPEN


def test_while_stripe_is_down_the_pages_stay_and_nothing_is_half_done(
    ada: Browser, grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    sandbox.stripe_fault = "down"
    assert premium(ada) == OPEN
    assert grace.get("/plans").status_code == HTTPStatus.OK
    refused = grace.submit("/plans", action="/checkout", having={"price": price_id(app, "monthly")})
    assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "nothing was charged" in refused.text
    assert count(app, Customer) == count(app, Checkout) == 0


@pytest.mark.parametrize("forged", ["", "price_of_somebody_else", "1", "price_1'--", "\0"])
@on_each_database
def test_only_a_price_of_ours_can_be_bought(grace: Browser, app: Flask, forged: str) -> None:
    token = grace.token_on("/plans")
    refused = grace.post("/checkout", {"csrf_token": token, "price": forged, "amount": "1"})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert count(app, Checkout) == 0


def test_pressing_twice_makes_one_session(grace: Browser, app: Flask) -> None:
    assert chooses(grace, app) == chooses(grace, app)
    assert count(app, Checkout) == count(app, Customer) == 1


def test_a_second_subscription_is_not_sold_while_the_webhook_of_the_first_is_late(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox
) -> None:
    sandbox.webhooks_paused = True
    pays(elsewhere, chooses(grace, app))
    answer = grace.submit("/plans", action="/checkout", having={"price": price_id(app, "yearly")})
    assert answer.location == "/account"
    assert premium(grace) == OPEN


@on_each_database
def test_two_tabs_pressed_at_once_leave_one_page_to_pay_on(
    grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    token = grace.token_on("/plans")
    cookie = grace.client.get_cookie("session", domain="127.0.0.1")
    assert cookie

    def press(name: str) -> str:
        tab = Browser(app, grace.site_url)
        tab.client.set_cookie("session", cookie.value, domain="127.0.0.1")
        answer = tab.post("/checkout", {"csrf_token": token, "price": price_id(app, name)})
        return answer.location or ""

    pages = at_once(*[partial(press, "monthly"), partial(press, "yearly")] * 3)
    still_open = [url for url in set(pages) if elsewhere.get(url).status_code == HTTPStatus.OK]
    assert len(still_open) == 1
    assert count(app, Customer) == 1


def test_a_page_about_to_expire_is_closed_before_another_is_made(
    grace: Browser, app: Flask, elsewhere: Elsewhere, clock: MovableClock
) -> None:
    first = chooses(grace, app)
    clock.passes(timedelta(hours=23, minutes=30))
    second = chooses(grace, app)
    assert second != first
    assert elsewhere.get(first).status_code == HTTPStatus.GONE
    assert elsewhere.get(second).status_code == HTTPStatus.OK


def test_a_page_is_about_to_expire_by_stripes_clock_and_not_by_ours(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    sandbox.clock.advance(40 * 24 * 60 * 60)
    first = chooses(grace, app)
    assert chooses(grace, app) == first
    sandbox.clock.advance(round(23.5 * 60 * 60))
    assert chooses(grace, app) != first


def test_choosing_another_plan_closes_the_page_of_the_first(
    grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    first = chooses(grace, app)
    second = chooses(grace, app, "yearly")
    assert first != second
    assert elsewhere.get(first).status_code == HTTPStatus.GONE
    assert elsewhere.get(second).status_code == HTTPStatus.OK


def test_a_second_subscription_is_not_sold(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    token = grace.token_on("/plans")
    answer = grace.post("/checkout", {"csrf_token": token, "price": price_id(app, "yearly")})
    assert answer.location == "/account"
    assert count(app, Checkout) == 1


def test_cancelling_in_the_portal_keeps_the_door_open_to_the_paid_end(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    portal = grace.submit("/account", action="/billing/portal").location
    answer = elsewhere.submit(portal, action=f"{portal}/cancel")
    assert answer.status_code == HTTPStatus.SEE_OTHER
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        kept = db.session.query(Subscription).one()
        assert kept.status == "active"
        assert kept.cancel_at == kept.period_end
        assert db.session.query(Grant).one().ends_at == kept.cancel_at
    assert "Ends on" in grace.get("/account").text


def test_what_was_changed_in_the_portal_shows_on_the_way_back_though_the_webhook_is_late(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    portal = grace.submit("/account", action="/billing/portal").location
    sandbox.webhooks_paused = True
    elsewhere.submit(portal, action=f"{portal}/cancel")
    assert "Renews on" in grace.get("/account").text
    assert grace.get("/billing/returned").location == "/account"
    assert "Ends on" in grace.get("/account").text
    sandbox.stripe_fault = "down"
    assert grace.get("/billing/returned").location == "/account"


def test_a_reader_who_pays_belongs_in_the_paid_group(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        reader = db.session.query(Subscriber).filter_by(email=GRACE).one()
        assert reader.standing is Standing.PAID


@on_each_database
def test_an_earlier_read_never_writes_over_a_later_one(
    grace: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
) -> None:
    """Two reads of one customer: the first to be taken is the last to come back."""
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        slow = sync.begin(db.session.query(Customer.stripe_id).scalar())
        while_active = sync.read(slow)
        subscription_id = db.session.query(Subscription.stripe_id).scalar()
    ask_stripe(sandbox, f"subscriptions/{subscription_id}", method="DELETE")
    clock.passes(timedelta(minutes=1))
    work()
    assert premium(grace) == SHUT
    with app.app_context():
        sync.write(slow, while_active)
    assert premium(grace) == SHUT


def test_a_new_plan_and_price_appear_without_a_change_of_code(
    visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    product = ask_stripe(
        sandbox, "products", {"name": "Patron", "metadata[plan]": "a-name-nobody-knows"}
    )
    ask_stripe(
        sandbox,
        "prices",
        {
            "product": str(product["id"]),
            "unit_amount": "12300",
            "currency": "eur",
            "recurring[interval]": "year",
        },
    )
    work()
    page = visitor.get("/plans").text
    assert "Patron" in page
    assert "€123.00" in page


def test_a_trial_is_given_once(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    trial = {"name": "Trial", "metadata[plan]": "trial", "metadata[trial_days]": "14"}
    product = ask_stripe(sandbox, "products", trial)
    monthly = {"unit_amount": "700", "currency": "eur", "recurring[interval]": "month"}
    price = ask_stripe(sandbox, "prices", {"product": str(product["id"]), **monthly})
    work()

    def stripes_page() -> str:
        chosen = {"price": str(price["id"])}
        return grace.submit("/plans", action="/checkout", having=chosen).location

    assert "Try 14 days free" in grace.get("/plans").text
    first = stripes_page()
    assert "Start trial" in elsewhere.get(first).text
    pays(elsewhere, first)
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        subscription = db.session.query(Subscription).one()
        assert subscription.status == "trialing"
    ask_stripe(sandbox, f"subscriptions/{subscription.stripe_id}", method="DELETE")
    work()
    assert "days free" not in grace.get("/plans").text  # nor promised a second time
    assert "Start trial" not in elsewhere.get(stripes_page()).text


def test_products_of_other_people_stay_out_of_sight(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    ask_stripe(sandbox, "products", {"name": "Somebody else's"})
    work()
    assert "Somebody else" not in visitor.get("/plans").text
    with app.app_context():
        assert "Somebody else's" not in set(db.session.scalars(select(Product.name)))
