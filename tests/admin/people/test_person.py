"""One member at the desk: all that is known of them, and what the owner can do for them."""

import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from membership import clock as clocks
from membership import outbox
from membership.accounts.models import User
from membership.billing import stripe_pages
from membership.billing.entitlements import Source
from membership.billing.models import Checkout, Customer, Grant, Match, Product, Subscription
from membership.db import Model, db, transaction
from membership.journal import Entry
from membership.newsletter import subscribers
from membership.outbox import OutboxMessage
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.forms import form_on
from tests.support.leaving import places, says_goodbye
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays
from tests.support.people import ADA, GRACE, OLIVE, PASSWORD, opens_account, signs_in

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
CHANGED = HTTPStatus.SEE_OTHER
WRONG = HTTPStatus.UNPROCESSABLE_ENTITY


def page_of(app: Flask, email: str) -> str:
    with app.app_context():
        return f"/admin/people/{db.session.query(User.id).filter_by(email=email).scalar()}"


def acts(
    owner: Browser, app: Flask, email: str, act: str, *, password: str = PASSWORD, **typed: str
) -> TestResponse:
    """Fill in the page of this act, with the owner's password unless another is typed."""
    path = f"{page_of(app, email)}/{act}"
    return owner.submit(path, action=path, having=None, password=password, **typed)


def written_down(app: Flask, kind: str) -> list[tuple[int | None, object]]:
    """Of each such line: to whom it was done, and which owner did it."""
    with app.app_context():
        found = db.session.query(Entry).filter_by(kind=kind).order_by(Entry.id).all()
        return [(entry.user_id, entry.detail["by"]) for entry in found]


def ids(app: Flask, *emails: str) -> tuple[int, ...]:
    with app.app_context():
        known = {user.email: user.id for user in db.session.query(User)}
        return tuple(known[email] for email in emails)


def test_the_owner_reads_what_the_member_reads_and_what_is_behind_it(
    app: Flask,
    listening: str,
    owner: Browser,
    grace: Browser,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    hers = unescape(grace.get("/account/why").text)
    page = unescape(owner.get(page_of(app, GRACE)).text)
    rule = re.search(r"Open until [^<]+", hers)
    assert rule
    assert rule[0] in page
    assert "A page to pay on was opened at Stripe." in page
    with app.app_context():
        subscription = db.session.query(Subscription).one()
    for behind in (subscription.stripe_id, subscription.customer_id):
        assert behind in page
        assert behind not in hers
    assert "€5.00" in page
    assert "Membership" in page


def test_who_came_in_and_who_was_turned_away_is_seen_with_from_where(
    app: Flask, owner: Browser, grace: Browser, visitor: Browser
) -> None:
    visitor.submit("/login", action="/login", email=GRACE, password="wrong, and long enough")
    page = owner.get(page_of(app, GRACE)).text
    log = page[page.index("What happened to this account") : page.index("desk-story")]
    assert log.index("Somebody was not let in") < log.index("Signed in")  # the newest first
    assert log.count("from 127.0.0.1") >= 2


def test_what_was_mailed_to_them_and_what_became_of_it(
    app: Flask, sandbox: Sandbox, owner: Browser, visitor: Browser, work: Work
) -> None:
    opens_account(app, ADA)
    visitor.submit("/", action="/subscribe", email=ADA)
    page = unescape(owner.get(page_of(app, ADA)).text)
    assert "Code" in page
    work()
    with app.app_context(), transaction() as rows:
        outbox.send_later(rows, "paid_first", ADA, key="cus_nobody")
    assert "Waiting" in owner.get(page_of(app, ADA)).text
    work()
    assert "Not sent: it was no longer true" in unescape(owner.get(page_of(app, ADA)).text)


@pytest.mark.parametrize(
    ("status", "said"), [("bounced", "a letter came back"), ("junk", "a letter was called junk")]
)
def test_of_somebody_whom_no_letter_reaches_it_is_not_said_that_they_get_them(
    app: Flask, owner: Browser, status: str, said: str
) -> None:
    opens_account(app, ADA)
    with app.app_context(), transaction() as rows:
        subscribers.want_letters(rows, ADA, clocks.now())
        subscribers.of(rows, ADA, now=clocks.now()).status = status
    page = unescape(owner.get(page_of(app, ADA)).text)
    assert f"The newsletter does not go to them: {said}" in page
    assert "has gone to them" not in page


def test_ids_lead_to_stripes_own_pages_of_the_right_mode(
    make_app: MakeApp, site_url: str, clock: MovableClock
) -> None:
    real = {"STRIPE_API_BASE": "https://api.stripe.com"}
    for key, address in (
        ("sk_test_x", "https://dashboard.stripe.com/test/customers/cus_1"),
        ("sk_live_x", "https://dashboard.stripe.com/customers/cus_1"),
    ):
        app = make_app(STRIPE_SECRET_KEY=key, **real)
        with app.app_context():
            assert stripe_pages.page_of("cus_1") == address


@on_each_database
def test_access_is_given_for_days_and_taken_back(
    app: Flask, owner: Browser, grace: Browser, clock: MovableClock
) -> None:
    assert grace.get("/premium").status_code == SHUT
    answer = acts(owner, app, GRACE, "give", days="3", because="she wrote to us")
    assert answer.status_code == CHANGED
    assert "Premium is open to grace@example.com until" in owner.follow(answer).text
    assert grace.get("/premium").status_code == OPEN
    with app.app_context():
        assert db.session.query(Grant.ends_at).scalar() == clock() + timedelta(days=3)
        given = db.session.query(Entry).filter_by(kind="comp.given").one()
    assert given.detail["because"] == "she wrote to us"
    assert acts(owner, app, GRACE, "take-back/premium").status_code == CHANGED
    assert grace.get("/premium").status_code == SHUT
    whom, by = ids(app, GRACE, OLIVE)
    assert written_down(app, "owner.gave") == [(whom, by)]
    assert written_down(app, "owner.took_back") == [(whom, by)]
    assert "she wrote to us" not in grace.get("/account/why").text


def test_access_is_given_for_good_when_no_days_are_said(
    app: Flask, owner: Browser, grace: Browser, clock: MovableClock
) -> None:
    acts(owner, app, GRACE, "give", days="")
    assert "for good" in owner.get(page_of(app, GRACE)).text
    clock.passes(timedelta(days=400))
    assert signs_in(grace, GRACE).get("/premium").status_code == OPEN


@pytest.mark.parametrize("days", ["0", "-1", "36501", "two", "1e9", "9" * 40])
def test_days_that_are_none_give_nothing(
    app: Flask, owner: Browser, grace: Browser, days: str
) -> None:
    assert acts(owner, app, GRACE, "give", days=days).status_code == WRONG
    assert grace.get("/premium").status_code == SHUT


def test_nothing_is_given_that_nothing_opens(app: Flask, owner: Browser, grace: Browser) -> None:
    assert acts(owner, app, GRACE, "give", feature="everything").status_code == WRONG
    with app.app_context():
        assert db.session.query(Grant).count() == 0


def test_what_was_not_given_cannot_be_taken_back(app: Flask, owner: Browser, ada: Browser) -> None:
    """Ada's access is not the owner's gift."""
    answer = acts(owner, app, ADA, "take-back/archive")
    assert "was not given to ada@example.com" in owner.follow(answer).text
    assert ada.get("/premium").status_code == OPEN
    assert written_down(app, "owner.took_back") == []


def test_without_the_owners_password_nothing_happens(
    app: Flask, owner: Browser, grace: Browser, ada: Browser
) -> None:
    before = everything(app)
    for act in ("give", "take-back/premium", "sign-out", "disable", "enable"):
        for password in ("", "not hers at all"):
            answer = acts(owner, app, GRACE, act, password=password)
            assert answer.status_code == WRONG, act
            assert "password" in answer.text
    assert everything(app) == before
    assert grace.get("/account").status_code == OPEN


def everything(app: Flask) -> tuple[object, ...]:
    """What an act could have changed."""
    with app.app_context():
        return (
            db.session.query(Grant).count(),
            [user.disabled_at for user in db.session.query(User).order_by(User.id)],
            db.session.query(Entry).filter(Entry.kind.like("owner.%")).count(),
        )


def test_no_act_is_done_by_a_link_or_without_a_token(
    app: Flask, owner: Browser, grace: Browser
) -> None:
    before = everything(app)
    for act in ("give", "take-back/premium", "sign-out", "disable", "enable", "sync"):
        path = f"{page_of(app, GRACE)}/{act}"
        owner.get(path)
        refused = owner.post(path, {"password": PASSWORD, "feature": "premium"})
        assert refused.status_code == HTTPStatus.BAD_REQUEST, act
    assert everything(app) == before


def test_an_act_on_somebody_who_has_left_is_no_page(
    app: Flask, owner: Browser, grace: Browser
) -> None:
    page = owner.get(f"{page_of(app, GRACE)}/give").text
    sent = {**form_on(page, path="", action="/logout").fields, "password": PASSWORD}
    for act in ("give", "take-back/premium", "sign-out", "disable", "enable", "sync"):
        gone = owner.post(f"/admin/people/999/{act}", sent)
        assert gone.status_code == HTTPStatus.NOT_FOUND, act


def test_a_stolen_desk_is_no_place_to_guess_the_password(
    app: Flask, owner: Browser, grace: Browser
) -> None:
    for _ in range(10):
        acts(owner, app, GRACE, "disable", password="a guess")
    answer = acts(owner, app, GRACE, "disable")
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert grace.get("/account").status_code == OPEN


def test_they_are_signed_out_everywhere_and_nobody_else(
    app: Flask, owner: Browser, grace: Browser, ada: Browser
) -> None:
    assert acts(owner, app, GRACE, "sign-out").status_code == CHANGED
    assert grace.get("/account").status_code == CHANGED
    assert ada.get("/account").status_code == OPEN
    assert owner.get("/admin").status_code == OPEN
    signs_in(grace, GRACE)


def test_an_account_is_shut_at_once_and_opened_again(
    app: Flask, owner: Browser, grace: Browser
) -> None:
    assert acts(owner, app, GRACE, "disable").status_code == CHANGED
    assert grace.get("/account").status_code == CHANGED
    refused = grace.submit("/login", action="/login", email=GRACE, password=PASSWORD)
    assert refused.status_code == WRONG
    assert "shut since" in owner.get(page_of(app, GRACE)).text
    assert acts(owner, app, GRACE, "enable").status_code == CHANGED
    signs_in(grace, GRACE)
    whom, by = ids(app, GRACE, OLIVE)
    assert written_down(app, "owner.disabled") == written_down(app, "owner.enabled") == [(whom, by)]


def test_the_owner_cannot_shut_themselves_out(app: Flask, owner: Browser) -> None:
    assert "Shut the account" not in owner.get(page_of(app, OLIVE)).text
    assert owner.get(f"{page_of(app, OLIVE)}/disable").status_code == HTTPStatus.NOT_FOUND
    assert owner.get("/admin").status_code == OPEN


def test_everything_is_read_again_at_stripe_when_webhooks_do_not_come(
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    owner: Browser,
    grace: Browser,
    elsewhere: Elsewhere,
    work: Work,
    clock: MovableClock,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    sandbox.webhooks_paused = True
    (made,) = sandbox.account.all("subscription")
    ask_stripe(sandbox, f"subscriptions/{made['id']}", method="DELETE")
    clock.passes(timedelta(minutes=5))
    assert grace.get("/premium").status_code == OPEN
    path = page_of(app, GRACE)
    answer = owner.submit(path, action=f"{path}/sync")
    assert "this is what Stripe has now" in owner.follow(answer).text
    assert grace.get("/premium").status_code == SHUT
    assert written_down(app, "owner.read_again") == [ids(app, GRACE, OLIVE)]


def test_a_stripe_that_does_not_answer_is_said_and_changes_nothing(
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    owner: Browser,
    grace: Browser,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    path = page_of(app, GRACE)
    sandbox.stripe_fault = "down"
    answer = owner.submit(path, action=f"{path}/sync")
    assert "Stripe could not be asked, and nothing has changed" in owner.follow(answer).text
    assert grace.get("/premium").status_code == OPEN
    assert written_down(app, "owner.read_again") == []


def test_a_long_history_asks_no_more_than_a_short_one(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    user_id = opens_account(app, ADA)

    def asks() -> list[str]:
        with asked_of(app) as asked:
            assert owner.get(f"/admin/people/{user_id}").status_code == OPEN
        assert read_whole(app, asked) == set()
        return [sql for sql, _ in asked]

    lives_on(app, user_id, range(1), clock)
    short = asks()
    lives_on(app, user_id, range(1, 40), clock)
    assert len(asks()) == len(short)
    assert len(short) <= 33


def lives_on(app: Flask, user_id: int, years: range, clock: MovableClock) -> None:
    """In each of them: another customer, a subscription that ended, a purchase, a mail, a line."""
    with app.app_context(), transaction() as rows:
        for n in years:
            rows.add_all(a_year(user_id, n, clock))
            rows.flush()


def a_year(user_id: int, n: int, clock: MovableClock) -> list[Model]:
    then, over = clock() - timedelta(days=n + 1), clock() - timedelta(days=n)
    grant = {"user_id": user_id, "feature": "premium", "starts_at": then, "ends_at": over}
    return [
        Product(
            stripe_id=f"prod_{n}",
            name=f"Plan {n}",
            active=True,
            plan="member",
            marketing_features=[],
            meta={"plan": "member"},
            created_at=then,
        ),
        Customer(stripe_id=f"cus_{n}", user_id=user_id, bound_by=Match.CHECKOUT, created_at=then),
        Subscription(
            stripe_id=f"sub_{n}",
            customer_id=f"cus_{n}",
            status="canceled",
            price_id=f"price_{n}",
            product_ids=[f"prod_{n}"],
            started_at=then,
            period_start=then,
            period_end=over,
            ended_at=over,
        ),
        Checkout(
            stripe_id=f"cs_{n}",
            user_id=user_id,
            price_id=f"price_{n}",
            product_ids=[f"prod_{n}"],
            mode="payment",
            status="complete",
            payment_status="paid",
            created_at=then,
            paid_at=then,
        ),
        Grant(**grant, source=Source.SUBSCRIPTION, source_ref=f"sub_{n}", reason="canceled"),
        Grant(**grant, source=Source.PURCHASE, source_ref=f"cs_{n}", reason="paid"),
        Entry(at=then, kind="session.begun", user_id=user_id, detail={}),
        OutboxMessage(
            kind="paid_first",
            recipient=ADA,
            params={},
            message_id=f"<{n}@example.com>",
            created_at=then,
            sent_at=then,
        ),
    ]


def test_where_an_owner_is_stays_unknown_to_the_member(
    app: Flask, site_url: str, owner: Browser, ada: Browser
) -> None:
    olive = signs_in(Browser(app, site_url, address="203.0.113.77"), OLIVE)
    assert acts(olive, app, ADA, "give", days="30").status_code == CHANGED
    assert acts(olive, app, ADA, "sign-out").status_code == CHANGED
    assert acts(olive, app, ADA, "disable").status_code == CHANGED
    assert acts(olive, app, ADA, "enable").status_code == CHANGED
    ada = signs_in(Browser(app, site_url, address="198.51.100.7"), ADA)
    for page in ("/account/security", "/account/why", "/account/data", "/account/data.json"):
        read = ada.get(page).text
        assert "An owner signed this account out everywhere." in read or page == "/account/why"
        assert "203.0.113.77" not in read
    assert "198.51.100.7" in ada.get("/account/security").text
    assert "203.0.113.77" in olive.get(page_of(app, ADA)).text  # for the owners' audit
    assert "203.0.113.77" in olive.get("/account/security").text


def test_where_an_owner_was_is_forgotten_when_they_leave(
    app: Flask, site_url: str, owner: Browser, ada: Browser
) -> None:
    opens_account(app, GRACE)
    app.test_cli_runner().invoke(args=["owner", "add", GRACE])  # the last owner cannot leave
    olive = signs_in(Browser(app, site_url, address="203.0.113.77"), OLIVE)
    assert acts(olive, app, ADA, "give", days="30").status_code == CHANGED
    assert "journal.detail" in places(app, "203.0.113.77")
    says_goodbye(olive)
    assert not places(app, "203.0.113.77") & {"journal.ip", "journal.detail"}
