"""The owner's word on whose a payment is: bind, unbind, and the list of what is nobody's."""

import threading
from collections.abc import Callable
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership import clock
from membership.billing import bindings, grants, sync
from membership.billing.models import Checkout, Customer, Grant, Product
from membership.db import db, transaction
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.links import bound, payer_key, payment_link, pays_by_link, told, waiting
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, newest_at_stripe, pays
from tests.support.people import EDSGER, GRACE

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
OTHER = "grace+list@example.com"
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def link(app: Flask, sandbox: Sandbox) -> str:
    copy_catalogue(app)
    return payment_link(app, sandbox)


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["billing", *words])
    return done.exit_code, done.output


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def standing(app: Flask, email: str) -> Standing:
    with app.app_context():
        reader = select(Subscriber.standing).where(Subscriber.email == email)
        return db.session.scalars(reader).one()


@on_each_database
@pytest.mark.parametrize("sold", ["monthly", "guide"])
def test_what_the_owner_binds_is_open_at_once_and_what_they_unbind_is_shut(
    grace: Browser,
    edsger: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    link: str,
    work: Work,
    sold: str,
) -> None:
    pays_by_link(elsewhere, payment_link(app, sandbox, sold), OTHER)
    work()
    key = payer_key(app)
    assert run(app, "bind", key, " Grace@Example.com ") == (0, f"{key} belongs to {GRACE} now.\n")
    assert premium(grace) == OPEN
    assert standing(app, GRACE) is Standing.PAID
    status, said = run(app, "unbind", key)
    assert status == 0
    assert said == f"{key} belonged to {GRACE}, and is nobody's now, until you bind it.\n"
    assert premium(grace) == SHUT
    assert standing(app, GRACE) is Standing.LAPSED
    work()
    assert (premium(grace), bound(app)[0][0]) == (SHUT, None)
    run(app, "bind", key, EDSGER)
    assert (premium(grace), premium(edsger)) == (SHUT, OPEN)
    with app.app_context():
        (owner,) = db.session.scalars(
            select(Grant.user_id).where(Grant.reason != "a gift").distinct()
        )
        assert owner == 2  # Edsger's; none was left with Grace
    assert told(app, "billing.bound") == 2
    assert told(app, "billing.unbound") == 1


def test_another_members_payment_is_not_taken_over(
    grace: Browser, edsger: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    status, said = run(app, "bind", key, EDSGER)
    assert status == 1
    assert f"{key} belongs to {GRACE}. Unbind it first" in said
    assert (premium(grace), premium(edsger)) == (OPEN, SHUT)


def test_the_session_of_a_subscription_stands_for_its_customer(
    grace: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    with app.app_context():
        session_id = db.session.scalars(select(Checkout.stripe_id)).one()
    assert run(app, "bind", session_id, GRACE)[0] == 0
    assert bound(app) == [(GRACE, "owner")]
    assert waiting(app) == []


def test_a_payer_whom_no_webhook_told_of_is_read_from_stripe(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str
) -> None:
    sandbox.webhooks_paused = True
    pays_by_link(elsewhere, link, OTHER)
    status, said = run(app, "bind", newest_at_stripe(sandbox, "customers"), GRACE)
    assert (status, premium(grace)) == (0, OPEN), said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("bind", "sub_1", GRACE), "neither a customer (cus_…) nor a checkout (cs_…)"),
        (("bind", "cus_1", "nobody@example.com"), "there is no account at"),
        (("bind", "cus_1", "nobody"), "Enter an email address"),
        (("bind", "cus_1", GRACE), "Stripe: "),
        (("unbind", "cus_1"), "has bought nothing of yours"),
        (("unbind", "x'--"), "neither a customer"),
    ],
)
def test_what_cannot_be_bound_is_said(
    grace: Browser, app: Flask, link: str, words: tuple[str, ...], complaint: str
) -> None:
    status, said = run(app, *words)
    assert status == 1
    assert said.startswith("Error: ")
    assert complaint in said


def test_a_stranger_who_bought_nothing_of_ours_cannot_be_bound(
    grace: Browser, app: Flask, sandbox: Sandbox, link: str
) -> None:
    stranger = ask_stripe(sandbox, "customers", {"email": GRACE})
    status, said = run(app, "bind", str(stranger["id"]), GRACE)
    assert status == 1
    assert "has bought nothing of yours" in said


def test_the_owner_can_say_of_a_payment_that_it_is_nobodys(
    app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, OTHER)
    work()
    key = payer_key(app)
    assert run(app, "unbind", key)[0] == 0
    status, said = run(app, "unbind", key)
    assert (status, said) == (1, f"Error: {key} is nobody's already.\n")
    assert "the owner said that it is nobody's" in run(app, "unclaimed")[1]


def test_after_the_owner_took_their_customer_a_member_buys_as_another(
    grace: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    """The one that was taken away is not given back by Stripe's memory of the first request."""
    pays(elsewhere, chooses(grace, app))
    work()
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    run(app, "unbind", key)
    pays(elsewhere, chooses(grace, app, "yearly"))
    work()
    assert premium(grace) == OPEN
    with app.app_context():
        assert db.session.get_one(Customer, key).user_id is None
        assert db.session.query(Customer).count() == 2


def test_what_was_bought_with_it_is_no_longer_shown(
    grace: Browser, app: Flask, elsewhere: Elsewhere, link: str, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app, "guide"))
    work()
    assert "What you bought" in grace.get("/account").text
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    run(app, "unbind", key)
    assert "What you bought" not in grace.get("/account").text


def reads_the_catalogue(_: str) -> None:
    with transaction() as session:
        products = list(session.scalars(select(Product.stripe_id)))
        grants.recompute_holders(session, products, now=clock.billing_now())


@on_each_database
@pytest.mark.parametrize("read", [reads_the_catalogue, sync.bring_up_to_date])
def test_a_read_that_is_under_way_writes_nothing_over_the_owners_word(
    grace: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    link: str,
    work: Work,
    read: Callable[[str], None],
) -> None:
    """The product opens one thing more, and is read while the owner takes the payment away."""
    pays_by_link(elsewhere, link, GRACE)
    work()
    with app.app_context(), transaction() as session:
        key = session.scalars(select(Customer.stripe_id)).one()
        for product in session.scalars(select(Product)):
            product.meta = {**product.meta, "features": "premium,more"}

    def reads() -> None:
        with app.app_context():
            read(key)

    reader = threading.Thread(target=reads)
    with app.app_context(), transaction() as session:
        bindings.unbind(session, key, now=clock.billing_now())
        reader.start()
        reader.join(timeout=1)  # it has to wait for us; if it does not, it is done by now
    reader.join()
    assert premium(grace) == SHUT
    with app.app_context():
        assert (
            db.session.scalars(select(Grant.feature).where(Grant.revoked_at.is_(None))).all() == []
        )


def test_when_nothing_is_unclaimed_the_list_says_so(app: Flask) -> None:
    assert run(app, "unclaimed") == (0, "Every payment has its member.\n")


def test_what_the_owner_takes_away_leads_nobody_to_a_page_they_have_paid_on(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    """Stripe answers a question that it knows as it did the first time."""
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), GRACE)
    work()
    chooses(grace, app, "monthly")  # her customer is made
    first = chooses(grace, app, "guide")
    pays(elsewhere, first)
    work()
    with app.app_context():
        guest = select(Checkout.stripe_id).where(Checkout.customer_id.is_(None))
        key = db.session.scalars(guest).one()
    assert run(app, "unbind", key)[0] == 0
    assert chooses(grace, app, "guide") != first
