"""The account page: what somebody has, and what comes next, in a sentence they can act on."""

from datetime import UTC, datetime, timedelta
from html import unescape
from http import HTTPStatus

import pytest
from flask import Flask

from membership.billing.dates import day
from membership.billing.models import Customer, Invoice, Match, Subscription
from membership.db import db, transaction
from sandbox.server import Sandbox
from sandbox.stripe import disputes, refunds
from tests.support.behind_our_back import subscribes
from tests.support.browser import Browser, Elsewhere
from tests.support.leaving import places, says_goodbye
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, offers_trial, pays, price_id
from tests.support.people import GRACE

pytestmark = pytest.mark.usefixtures("listening", "catalogue")
REFUSED_LATER = "4000000000000341"
DAY = 24 * 60 * 60
BODIES = {"inbox.body"}  # of events, until they are emptied
CANCELLED = {"cancel_at_period_end": "true"}


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


@pytest.fixture
def paying(grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work) -> Browser:
    """Grace, who pays by the month."""
    pays(elsewhere, chooses(grace, app))
    work()
    return grace


def account(member: Browser) -> str:
    return unescape(member.get("/account").text)


def subscription(app: Flask) -> Subscription:
    with app.app_context():
        return db.session.query(Subscription).one()


def on(moment: datetime) -> str:
    return day(moment.astimezone(UTC))


def passes(sandbox: Sandbox, work: Work, *, days: float) -> None:
    sandbox.clock.advance(round(days * DAY))
    work()


def test_grace_who_never_paid_is_shown_no_empty_tables(grace: Browser) -> None:
    page = account(grace)
    assert "You are on Free" in page
    assert page.count("See the plans") == 1
    assert "What you bought" not in page
    assert "Manage billing" not in page


def test_a_plan_renews_and_when_it_is_cancelled_it_ends(
    paying: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    end = subscription(app).period_end
    assert f"Renews on {on(end)}." in account(paying)
    assert "€5.00 a month" in account(paying)
    id_ = subscription(app).stripe_id
    ask_stripe(sandbox, f"subscriptions/{id_}", {"cancel_at_period_end": "true"})
    work()
    assert f"Ends on {on(end)}. Nothing more is charged." in account(paying)
    passes(sandbox, work, days=32)
    assert f"Your subscription ended on {on(end)}." in account(paying)
    shut = paying.get("/premium")
    assert shut.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert f"Your subscription ended on {on(end)}." in unescape(shut.text)
    assert "See the plans" in shut.text
    assert "Claim that payment" in shut.text


def test_the_next_charge_and_the_card_it_is_charged_to(
    paying: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    page = account(paying)
    assert f"Renews on {on(subscription(app).period_end)}." in page
    assert "Next charge: €5.00. You pay with Visa ending 4242." in page
    portal = paying.submit("/account", action="/billing/portal", task="card")
    elsewhere.submit(portal.location, card=REFUSED_LATER)
    work()
    assert "You pay with Visa ending 0341." in account(paying)
    told = paying.get("/account/data.json").json
    assert told
    assert [row["pays_with"] for row in told["subscriptions"]] == ["Visa ending 0341"]
    assert places(app, "0341") - BODIES == {"subscriptions.pays_with"}
    ask_stripe(sandbox, f"subscriptions/{subscription(app).stripe_id}", CANCELLED)
    work()
    page = account(paying)
    assert "Next charge" not in page
    assert "You pay with" not in page
    assert says_goodbye(paying).status_code == HTTPStatus.SEE_OTHER
    assert subscription(app).pays_with is None
    assert places(app, "0341") == set()


def test_who_leaves_leaves_no_card_whatever_stripe_says_of_its_end(
    paying: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    """That nothing is to be ended there any more does not mean that it says when it ended."""
    (there,) = sandbox.account.all("subscription")
    sandbox.account.save({**there, "status": "incomplete_expired"})
    ask_stripe(sandbox, f"customers/{there['customer']}", {"description": "is read again"})
    work()
    assert subscription(app).status == "incomplete_expired"
    assert subscription(app).pays_with
    assert says_goodbye(paying).status_code == HTTPStatus.SEE_OTHER
    assert subscription(app).pays_with is None


def test_less_is_charged_to_who_has_a_discount(
    app: Flask, grace: Browser, sandbox: Sandbox, work: Work
) -> None:
    customer, id_ = subscribes(app, sandbox, GRACE)
    work()
    assert "Next charge: €5.00." in account(grace)
    coupon = str(ask_stripe(sandbox, "coupons", {"percent_off": "20", "duration": "forever"})["id"])
    sold = {"customer": customer, "items[0][price]": price_id(app, "yearly")}
    ask_stripe(sandbox, "subscriptions", {**sold, "discounts[0][coupon]": coupon})
    ask_stripe(sandbox, f"subscriptions/{id_}", method="DELETE")
    work()
    assert "Next charge: €50.00, less your discount." in account(grace)


def test_an_end_is_taken_back_with_one_press(
    paying: Browser, ada: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    kept = subscription(app)
    assert "Keep it after all" not in account(paying)
    ask_stripe(sandbox, f"subscriptions/{kept.stripe_id}", {"cancel_at": "max_period_end"})
    work()
    assert f"Ends on {on(kept.period_end)}. Nothing more is charged." in account(paying)
    token = ada.token_on("/account")  # who pays for something else
    forged = {"csrf_token": token, "subscription": kept.stripe_id}
    assert ada.post("/billing/keep", forged).status_code == HTTPStatus.NOT_FOUND
    assert subscription(app).cancel_at
    answer = paying.submit("/account", action="/billing/keep")
    assert answer.location == "/account"
    page = account(paying)
    assert "It goes on." in page
    assert f"Renews on {on(kept.period_end)}." in page
    assert sandbox.account.all("subscription")[0]["cancel_at"] is None


def test_what_has_ended_meanwhile_is_not_kept_but_leads_to_stripes_page(
    paying: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    kept = subscription(app).stripe_id
    ask_stripe(sandbox, f"subscriptions/{kept}", {"cancel_at_period_end": "true"})
    work()
    sandbox.webhooks_paused = True
    ask_stripe(sandbox, f"subscriptions/{kept}", method="DELETE")
    answer = paying.submit("/account", action="/billing/keep")
    assert elsewhere.get(answer.location).status_code == HTTPStatus.OK
    assert "It goes on." not in paying.get("/account").text


def test_invoices_are_listed_and_lead_to_stripe_until_their_member_leaves(
    paying: Browser, ada: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    passes(sandbox, work, days=32)
    page = account(paying)
    one, other = sandbox.account.all("invoice")
    for each in (one, other):
        assert each["number"] in page
        path = f"/billing/invoices/{each['id']}"
        assert elsewhere.get(paying.get(path).location).status_code == HTTPStatus.OK
        assert ada.get(path).status_code == HTTPStatus.NOT_FOUND
    table = page.split("Invoices</h2>")[1].split("</section>", maxsplit=1)[0]
    assert table.count("€5.00") == table.count("Paid") == 2
    assert "Invoices</h2>" not in account(ada)
    assert says_goodbye(paying).status_code == HTTPStatus.SEE_OTHER
    work()
    with app.app_context():
        assert db.session.query(Invoice).count() == 0


def test_the_invoice_that_a_trial_begins_with_was_not_paid(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    offers_trial(app, sandbox)
    pays(elsewhere, chooses(grace, app))
    work()
    table = account(grace).split("Invoices</h2>")[1].split("</section>", maxsplit=1)[0]
    assert "Nothing to pay" in table
    assert "Paid" not in table


def test_a_card_that_fails_is_told_with_the_date_and_mended_from_the_page_that_shut(
    ada: Browser, grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app), REFUSED_LATER)
    work()
    unpaid_from = subscription(app).period_end
    passes(sandbox, work, days=32)
    assert subscription(app).status == "past_due"
    last = on(unpaid_from + timedelta(days=7))
    page = account(grace)
    assert "Payment overdue." in page
    assert f"stays open until {last}." in page
    assert page.count("Update your card") == 2  # the banner's, and that of this plan
    for path in ("/", "/posts", "/plans", "/premium", "/account/security", "/nowhere"):
        assert f"What it pays for stays open until {last}." in unescape(grace.get(path).text)
    assert "did not go through" not in ada.get("/").text
    portal = grace.submit("/posts", action="/billing/portal", having={"task": "card"})
    assert elsewhere.get(portal.location).status_code == HTTPStatus.OK
    assert grace.get("/premium").status_code == HTTPStatus.OK
    passes(sandbox, work, days=7)
    shut = grace.get("/premium")
    assert shut.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert f"Access ended on {last}." in unescape(shut.text)
    assert "What it pays for" not in shut.text
    assert f"Access ended on {last}." in account(grace)
    portal = grace.submit("/premium", action="/billing/portal", having={"task": "card"})
    assert elsewhere.get(portal.location).status_code == HTTPStatus.OK


def test_a_refunded_one_off_says_so(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    assert "Open until" in account(grace)
    (charge,) = sandbox.account.all("charge", status="succeeded")
    refunds.refund(sandbox.account, {"charge": charge["id"]})
    work()
    assert "The payment was refunded. It is closed." in account(grace)
    assert "The payment was refunded." in grace.get("/premium").text


def test_a_disputed_payment_says_why_the_door_is_shut_and_won_it_is_open_again(
    paying: Browser, sandbox: Sandbox, work: Work
) -> None:
    (charge,) = sandbox.account.all("charge", status="succeeded")
    dispute = disputes.open_(sandbox.account, charge["id"], "fraudulent")
    work()
    told = "Your bank has asked for the last payment back, and that is being looked at."
    assert told in account(paying)
    shut = paying.get("/premium")
    assert shut.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert told in shut.text
    disputes.win(sandbox.account, dispute["id"])
    work()
    assert "Renews on" in account(paying)
    assert paying.get("/premium").status_code == HTTPStatus.OK


def test_another_plan_shows_as_soon_as_stripe_has_it(
    paying: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    item = sandbox.account.all("subscription")[0]["items"]["data"][0]["id"]
    changed = {"items[0][id]": item, "items[0][price]": price_id(app, "yearly")}
    ask_stripe(sandbox, f"subscriptions/{subscription(app).stripe_id}", changed)
    work()
    assert "€50.00 a year" in account(paying)
    end = subscription(app).period_end
    assert end > datetime.now(UTC) + timedelta(days=300)
    assert f"Renews on {on(end)}." in account(paying)


def test_a_plan_that_ended_is_not_listed_beside_the_one_that_followed_it(
    paying: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    for times in (1, 2):
        newest = sandbox.account.all("subscription")[-1]["id"]
        ask_stripe(sandbox, f"subscriptions/{newest}", method="DELETE")
        work()
        assert account(paying).count("Your subscription ended on") == 1
        pays(elsewhere, chooses(paying, app))
        work()
        assert len(sandbox.account.all("subscription")) == times + 1
        assert account(paying).count("Renews on") == 1
        assert "subscription ended" not in account(paying)


def test_a_plan_that_never_opened_this_door_is_not_the_reason_why_it_is_shut(
    grace: Browser, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    almanac = {"name": "Almanac", "metadata[plan]": "almanac", "metadata[features]": "almanac"}
    product = str(ask_stripe(sandbox, "products", almanac)["id"])
    yearly = {"unit_amount": "900", "currency": "eur", "recurring[interval]": "year"}
    price = str(ask_stripe(sandbox, "prices", {"product": product, **yearly})["id"])
    work()
    page = grace.submit("/plans", action="/checkout", having={"price": price}).location
    pays(elsewhere, page)
    work()
    (made,) = sandbox.account.all("subscription")
    ask_stripe(sandbox, f"subscriptions/{made['id']}", method="DELETE")
    work()
    assert "Your subscription ended on" in account(grace)
    assert "subscription ended on" not in grace.get("/premium").text


def test_edsger_whose_gift_is_over_is_told_so(edsger: Browser) -> None:
    shut = edsger.get("/premium")
    assert shut.status_code == HTTPStatus.PAYMENT_REQUIRED
    assert "What you were given ended on" in shut.text
    assert "See the plans" in shut.text


def test_grace_is_not_told_that_something_of_hers_ended(grace: Browser) -> None:
    shut = grace.get("/premium").text
    assert "ended" not in shut.lower().split("<main")[1].split("</main>")[0]
    assert "Choose a plan" in shut


def test_a_locked_post_says_the_same_as_the_premium_page(edsger: Browser, grace: Browser) -> None:
    locked = "/posts/a-night-with-the-lamp-crew"
    assert "What you were given ended on" in edsger.get(locked).text
    assert "Choose a plan" in grace.get(locked).text


def test_the_owner_reads_again_all_that_a_member_has(
    paying: Browser, app: Flask, sandbox: Sandbox
) -> None:
    """Two customers, and a webhook that never came from either."""
    other = str(ask_stripe(sandbox, "customers", {"email": "gran@example.com"})["id"])
    with app.app_context(), transaction() as session:
        own = session.query(Customer).one()
        session.add(
            Customer(
                stripe_id=other,
                user_id=own.user_id,
                bound_by=Match.OWNER,
                created_at=own.created_at,
            )
        )
    done = app.test_cli_runner().invoke(args=["billing", "sync", GRACE])
    assert done.exit_code == 0, done.output
    assert own.stripe_id in done.output
    assert other in done.output
    with app.app_context():
        assert db.session.get_one(Customer, other).synced_at
