"""Whose payment is it? In one order, never guessed, never taken over."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from membership import clock as clocks
from membership.accounts import hashing, registration
from membership.accounts.models import User
from membership.billing import bindings, matching, references, sync, unclaimed
from membership.billing.models import Checkout, Customer, Match, UnclaimedPayment
from membership.billing.unclaimed import Reason
from membership.db import changed, db, transaction
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.failing import failing_at
from tests.support.links import (
    bound,
    payer_key,
    payment_link,
    pays_by_link,
    reference_of,
    told,
    waiting,
)
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, pays, price_id
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.settings import settings
from tests.support.threads import at_once
from tests.support.working import works

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
OTHER = "grace.at.work@example.com"
pytestmark = pytest.mark.usefixtures("listening", "catalogue")


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


@pytest.fixture
def link(app: Flask, sandbox: Sandbox, catalogue: None) -> str:
    return payment_link(app, sandbox)


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


# In this order


def test_a_payment_on_our_own_page_is_of_the_member_we_made_it_for(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    assert bound(app) == [(GRACE, "checkout")]
    assert waiting(app) == []


@on_each_database
@pytest.mark.parametrize("typed", [GRACE, "  Grace@Example.COM "])
def test_a_link_paid_with_a_verified_address_opens_its_members_door(
    grace: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work, typed: str
) -> None:
    pays_by_link(elsewhere, link, typed)
    work()
    assert premium(grace) == OPEN
    assert bound(app) == [(GRACE, "email")]


def test_a_reference_that_we_signed_is_stronger_than_the_address(
    grace: Browser, ada: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, ADA, reference=reference_of(app, GRACE))
    work()
    assert bound(app) == [(GRACE, "reference")]
    assert premium(grace) == OPEN


def test_a_guests_one_off_is_bound_itself(
    grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), GRACE)
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        assert db.session.query(Customer).count() == 0
        assert db.session.query(Checkout).one().bound_by is Match.EMAIL
    assert "What you bought" in grace.get("/account").text


@on_each_database
def test_what_nobody_is_known_to_have_paid_opens_nothing_and_is_kept_with_its_reason(
    grace: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    work()
    assert premium(grace) == SHUT
    assert waiting(app) == [(OTHER, Reason.NOBODY)]
    assert told(app, "billing.unclaimed") == 1
    assert told(app, "billing.bound") == 0


def test_it_is_not_guessed_between_two_members(
    grace: Browser, ada: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    """One customer, whose two payments were made with the addresses of two members."""
    pays_by_link(elsewhere, link, OTHER)
    work()
    with app.app_context(), transaction() as session:
        first = session.scalars(select(Checkout)).one()
        values = {c.key: getattr(first, c.key) for c in Checkout.__table__.columns}
        session.add(Checkout(**{**values, "stripe_id": "cs_2", "email": ADA}))
        first.email = GRACE
        waits = update(UnclaimedPayment).values(email=GRACE)
        changed(session, waits)
    assert premium(grace) == SHUT
    assert waiting(app)[0][1] == Reason.SEVERAL


@pytest.mark.parametrize(
    ("from_stripe", "ours"),
    [
        (GRACE, GRACE),
        (" GRACE@EXAMPLE.COM ", GRACE),
        ("grace@ＥＸＡＭＰＬＥ.com", GRACE),  # the same domain, typed wide
        ("grace+list@example.com", "grace+list@example.com"),  # perhaps another person
        ("g.race@example.com", "g.race@example.com"),
        ("grаce@example.com", None),  # a Cyrillic а
        ("gra\u017fe@example.com", None),  # would be an s in capitals
        ("grace@exаmple.com", "grace@xn--exmple-4nf.com"),
        ("grace@example.com\r\nBcc: eve@example.com", None),
        ("grace@example.com, eve@example.com", None),
        ("grace", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_that_only_looks_like_a_members_is_not_theirs(
    from_stripe: str | None, ours: str | None
) -> None:
    assert matching.address(from_stripe) == ours


# What is not signed by us names nobody


def forgeries() -> list[Callable[[Flask], str]]:
    key = settings()["SECRET_KEY"]

    def of_somebody_newer(app: Flask) -> str:
        """Ours, but the account has another birthday: the id was given out again."""
        with app.app_context():
            user = db.session.scalars(select(User).where(User.email == GRACE)).one()
            return references.make(key, user.id, user.created_at - timedelta(days=1))

    return [
        lambda _: "1",
        lambda _: "member-1",
        lambda app: reference_of(app, GRACE)[:-1],
        lambda app: reference_of(app, GRACE).replace("member-1-", "member-2-"),
        lambda _: references.make(key, 4711, clocks.system()),
        of_somebody_newer,
    ]


@pytest.mark.parametrize("forge", forgeries())
def test_a_reference_that_we_did_not_sign_for_a_member_names_nobody(
    grace: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    link: str,
    work: Work,
    forge: Callable[[Flask], str],
) -> None:
    pays_by_link(elsewhere, link, OTHER, reference=forge(app))
    work()
    assert bound(app) == [(None, None)]
    assert premium(grace) == SHUT


def test_a_copied_reference_gives_its_member_a_payment_and_takes_nothing(
    grace: Browser, ada: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    """Eve pays with Grace's reference: Grace's own billing is where it was, and Eve has nothing."""
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        own = db.session.scalars(select(Customer.stripe_id)).one()
    pays_by_link(elsewhere, link, "eve@example.com", reference=reference_of(app, GRACE))
    work()
    assert bound(app) == [(GRACE, "checkout"), (GRACE, "reference")]
    with app.app_context():
        assert db.session.get_one(Customer, own).email == GRACE


def test_a_binding_is_not_taken_over_by_a_later_reference_or_address(
    grace: Browser,
    ada: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    link: str,
    work: Work,
) -> None:
    pays_by_link(elsewhere, link, GRACE)
    work()
    with app.app_context():
        customer = db.session.scalars(select(Customer.stripe_id)).one()
        ours = {"mode": "payment", "customer": customer, "success_url": "https://example.com"}
    again = ask_stripe(
        sandbox,
        "checkout/sessions",
        {
            **ours,
            "client_reference_id": reference_of(app, ADA),
            "line_items[0][price]": price_id(app, "guide"),
            "line_items[0][quantity]": "1",
        },
    )
    pays(elsewhere, str(again["url"]))
    ask_stripe(sandbox, f"customers/{customer}", {"email": ADA})
    work()
    assert bound(app) == [(GRACE, "email")]


# Other people's business


def test_a_strangers_product_leaves_no_trace(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, work: Work
) -> None:
    product = ask_stripe(sandbox, "products", {"name": "A bicycle"})
    price = ask_stripe(
        sandbox,
        "prices",
        {"product": str(product["id"]), "unit_amount": "90000", "currency": "eur"},
    )
    sold = {"line_items[0][price]": str(price["id"]), "line_items[0][quantity]": "1"}
    pays_by_link(elsewhere, str(ask_stripe(sandbox, "payment_links", sold)["url"]), GRACE)
    work()
    assert (bound(app), waiting(app), premium(grace)) == ([], [], SHUT)
    assert sandbox.mailbox.messages == []


def test_a_page_that_was_opened_and_left_is_no_payment(
    app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    elsewhere.get(link)
    work()
    assert waiting(app) == []


# Joining and paying, in any order


@on_each_database
def test_whoever_joins_with_the_address_they_paid_with_is_in(
    app: Flask, browser: Callable[[], Browser], elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    opens_account(app, OTHER)
    payer = signs_in(browser(), OTHER)
    assert premium(payer) == OPEN  # at once, whatever the worker does
    assert bound(app) == [(OTHER, "email")]
    assert waiting(app) == []
    assert told(app, "billing.bound") == 1


def test_the_plans_look_again_too_and_say_so_once(
    app: Flask, browser: Callable[[], Browser], elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    opens_account(app, OTHER)
    payer = signs_in(browser(), OTHER)
    assert "We found a payment" in payer.follow(payer.get("/plans")).text
    assert "We found a payment" not in payer.get("/plans").text


@pytest.mark.parametrize(("paid", "wanted"), [("monthly", "yearly"), ("guide", "guide")])
def test_nobody_is_sold_what_they_have_paid_by_link_already(
    app: Flask,
    browser: Callable[[], Browser],
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    link: str,
    work: Work,
    paid: str,
    wanted: str,
) -> None:
    opens_account(app, OTHER)
    payer = signs_in(browser(), OTHER)
    token = payer.token_on("/plans")
    with app.app_context(), transaction() as session:  # as if they joined only now
        changed(session, update(User).values(email="later@example.com"))
    pays_by_link(elsewhere, payment_link(app, sandbox, paid), OTHER)
    work()
    with app.app_context(), transaction() as session:
        changed(session, update(User).values(email=OTHER))
    answer = payer.post("/checkout", {"csrf_token": token, "price": price_id(app, wanted)})
    assert answer.location == "/account"
    assert told(app, "billing.bound") == 1
    assert "We found a payment" in payer.follow(answer).text


@on_each_database
def test_the_sweep_finds_who_joined_since(
    app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    opens_account(app, OTHER)
    work()
    assert bound(app) == [(OTHER, "email")]


def test_one_payment_that_cannot_be_given_does_not_hold_up_the_next(
    app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    for email in (OTHER, "edsger@example.com"):
        pays_by_link(elsewhere, link, email)
    work()
    for email in (OTHER, "edsger@example.com"):
        opens_account(app, email)
    with app.app_context(), failing_at(1):
        bindings.drain()
    assert len(waiting(app)) == 1
    work()
    assert waiting(app) == []


@on_each_database
def test_joining_and_paying_at_the_same_moment_meet(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, clock: MovableClock
) -> None:
    """However the two transactions interleave, one sweep later the payment has its member."""
    sandbox.webhooks_paused = True
    people = [f"reader{n}@example.com" for n in range(6)]
    for email in people:
        pays_by_link(elsewhere, link, email)
    listed: Any = ask_stripe(sandbox, "customers?limit=100", method="GET")["data"]
    customers = [str(found["id"]) for found in listed]
    assert len(customers) == len(people)
    with app.app_context():
        password_hash = hashing.hash_password(PASSWORD)

    def joins(email: str) -> None:
        with app.app_context(), transaction() as session:
            registration.register(session, email, password_hash, now=clock())

    def is_read(customer: str) -> None:
        with app.app_context():
            sync.bring_up_to_date(customer)

    acts: list[Callable[[], None]] = []
    for email, customer in zip(people, customers, strict=True):
        acts += [partial(joins, email), partial(is_read, customer)]
    at_once(*acts)
    works(app)
    assert sorted(bound(app)) == sorted((email, "email") for email in people)
    assert waiting(app) == []
    assert told(app, "billing.bound") == len(people)


# The owner's word


def test_what_the_owner_took_away_is_matched_by_nothing_automatic(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, GRACE)
    work()
    with app.app_context():
        customer = db.session.scalars(select(Customer.stripe_id)).one()
    app.test_cli_runner().invoke(args=["billing", "unbind", customer])
    ask_stripe(sandbox, f"customers/{customer}", {"email": GRACE, "name": "Grace"})
    work()
    assert "We found a payment" not in grace.get("/plans").text
    assert premium(grace) == SHUT
    assert waiting(app) == [(GRACE, Reason.OWNER)]
    assert payer_key(app) == customer
    with app.app_context():  # nor does looking again begin to write each time
        assert unclaimed.matchable(db.session(), GRACE) == []
