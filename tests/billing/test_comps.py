"""What the owner gives: from now, for so many days or for good; nobody else ends it."""

from datetime import timedelta

import pytest
from flask import Flask

from membership.billing import endings, grants
from membership.billing.models import Customer, Grant, Product, Subscription
from membership.db import db, transaction
from membership.journal import Entry
from membership.newsletter.models import Standing, Subscriber
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import GRACE, opens_account, signs_in

DAY = timedelta(days=1)
OPEN, SHUT = 200, 402


def comp(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["members", "comp", *words])
    return done.exit_code, done.output


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def standing(app: Flask) -> Standing:
    with app.app_context():
        return db.session.query(Subscriber).filter_by(email=GRACE).one().standing


@on_each_database
def test_what_is_given_for_days_opens_now_and_ends_by_itself(
    grace: Browser, app: Flask, clock: MovableClock
) -> None:
    assert premium(grace) == SHUT
    status, said = comp(app, " Grace@Example.com ", "--days", "3", "--because", "she wrote to us")
    assert status == 0
    assert said.startswith("grace@example.com may use premium until ")
    assert premium(grace) == OPEN
    assert standing(app) is Standing.PAID
    clock.passes(3 * DAY)
    assert premium(grace) == SHUT
    with app.app_context():
        endings.drain()
    assert standing(app) is Standing.LAPSED


@on_each_database
def test_what_is_given_for_good_stays_until_the_owner_ends_it(
    grace: Browser, app: Flask, clock: MovableClock
) -> None:
    assert comp(app, GRACE)[1] == "grace@example.com may use premium for good.\n"
    clock.passes(400 * DAY)
    assert premium(signs_in(grace, GRACE)) == OPEN
    assert (
        comp(app, GRACE, "--end")[1] == "What grace@example.com was given of premium has ended.\n"
    )
    assert premium(grace) == SHUT
    assert standing(app) is Standing.LAPSED
    assert comp(app, GRACE)[0] == 0
    assert premium(grace) == OPEN


def test_giving_again_counts_from_now(app: Flask, grace: Browser, clock: MovableClock) -> None:
    comp(app, GRACE, "--days", "5")
    clock.passes(4 * DAY)
    comp(app, GRACE, "--days", "5")
    with app.app_context():
        assert db.session.query(Grant.ends_at).scalar() == clock() + 5 * DAY


def test_another_feature_is_another_gift(app: Flask, grace: Browser) -> None:
    comp(app, GRACE, "--feature", "archive")
    assert premium(grace) == SHUT
    comp(app, GRACE)
    comp(app, GRACE, "--feature", "archive", "--end")
    assert premium(grace) == OPEN


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nobody@example.com"], "there is no account at nobody@example.com"),
        (["not an address"], "address"),
        ([GRACE, "--end"], "grace@example.com has not been given premium"),
        ([GRACE, "--end", "--days", "3"], "takes no --days"),
        ([GRACE, "--days", "0"], "--days"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    app: Flask, grace: Browser, words: list[str], complaint: str
) -> None:
    status, said = comp(app, *words)
    assert status != 0
    assert complaint in said
    with app.app_context():
        assert db.session.query(Grant).count() == 0


def test_what_is_over_cannot_be_ended(app: Flask, grace: Browser, clock: MovableClock) -> None:
    comp(app, GRACE, "--days", "1")
    clock.passes(DAY)
    assert comp(app, GRACE, "--end")[0] == 1


def test_why_it_was_given_is_found_again(app: Flask, grace: Browser) -> None:
    comp(app, GRACE, "--days", "3", "--because", "a prize")
    comp(app, GRACE, "--end", "--because", "a mistake")
    with app.app_context():
        told = db.session.query(Entry).filter(Entry.kind.like("comp.%")).order_by(Entry.id).all()
    assert [(entry.kind, entry.detail["because"]) for entry in told] == [
        ("comp.given", "a prize"),
        ("comp.ended", "a mistake"),
    ]


@on_each_database
def test_what_stripe_says_never_touches_what_was_given(
    app: Flask, clock: MovableClock, site_url: str
) -> None:
    """Grace's subscription ended long ago; what she was given stays."""
    user_id = opens_account(app, GRACE)
    comp(app, GRACE)
    with app.app_context(), transaction() as session:
        session.add(
            Product(
                stripe_id="prod_1",
                name="Membership",
                active=True,
                plan="member",
                marketing_features=[],
                meta={"plan": "member"},
                created_at=clock(),
            )
        )
        session.add(Customer(stripe_id="cus_1", user_id=user_id, created_at=clock()))
        session.flush()
        session.add(
            Subscription(
                stripe_id="sub_1",
                customer_id="cus_1",
                status="canceled",
                price_id="price_1",
                product_ids=["prod_1"],
                started_at=clock() - 40 * DAY,
                period_start=clock() - 40 * DAY,
                period_end=clock() - 10 * DAY,
                ended_at=clock() - 10 * DAY,
            )
        )
        session.flush()
        customer = session.get_one(Customer, "cus_1")
        grants.recompute_customer(session, customer, now=clock())
        grants.revoke_customer(session, customer, user_id, now=clock())
    assert premium(signs_in(Browser(app, site_url), GRACE)) == OPEN
