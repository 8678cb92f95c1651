"""The key of another Stripe account: nothing is read from it into our rows until it is meant."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from membership.billing import account_guard
from membership.billing.account_guard import AnotherAccount
from membership.billing.models import Customer
from membership.db import db, transaction
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.behind_our_back import reconciles, subscribes
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.paying import copy_catalogue
from tests.support.people import ADA, GRACE, signs_in
from tests.support.watched_stripe import Watched, watched
from tests.support.working import works

OPEN = 200


@pytest.fixture
def door(sandbox: Sandbox) -> Iterator[Watched]:
    with watched(sandbox.stripe_base) as standing:
        yield standing


def billing(app: Flask, *arguments: str) -> str:
    return app.test_cli_runner().invoke(args=["billing", *arguments]).output


@on_each_database
@pytest.mark.usefixtures("ada")
def test_a_key_of_another_account_stops_what_writes_and_no_reader(
    grace: Browser,
    app: Flask,
    make_app: MakeApp,
    sandbox: Sandbox,
    door: Watched,
    clock: MovableClock,
    site_url: str,
) -> None:
    copy_catalogue(app)
    subscribes(app, sandbox, GRACE)
    door.account = "acct_another"
    other = make_app(STRIPE_API_BASE=door.url)
    assert "acct_another" in billing(other, "catalogue")
    assert "flask billing account --accept" in billing(other, "sync", GRACE) + billing(
        other, "account"
    )
    reconciles(other)
    with other.app_context(), transaction() as session:
        session.add(
            InboxEvent(
                source="stripe",
                event_id="evt_1",
                type="customer.updated",
                subject="cus_1",
                body="{}",
                received_at=clock(),
                due_at=clock(),
            )
        )
    with other.app_context():
        works(other)
        waiting = db.session.scalars(select(InboxEvent)).one()
        assert waiting.due_at
        assert "acct_another" in (waiting.last_error or "")
        assert db.session.scalars(select(Customer)).all() == []
    assert set(door.calls) == {"v1/account?"}
    ada = signs_in(Browser(other, site_url), ADA)
    assert ada.get("/premium").status_code == OPEN
    assert ada.get("/plans").status_code == OPEN


@on_each_database
def test_until_the_owner_says_that_it_is_meant(
    app: Flask, make_app: MakeApp, door: Watched
) -> None:
    copy_catalogue(app)
    door.account = "acct_another"
    other = make_app(STRIPE_API_BASE=door.url)
    assert "up to date" not in billing(other, "catalogue")
    assert "From now on" in billing(other, "account", "--accept")
    assert "up to date" in billing(other, "catalogue")  # in the process that was stopped, too
    assert "acct_another" in billing(app, "catalogue")  # and the old key is the wrong one


@on_each_database
def test_a_key_of_the_other_mode_is_another_account_too(app: Flask) -> None:
    with app.app_context():
        account_guard.check("acct_1", livemode=False)
        account_guard.check("acct_1", livemode=False)
        with pytest.raises(AnotherAccount, match="live key"):
            account_guard.check("acct_1", livemode=True)
        with pytest.raises(AnotherAccount, match="acct_2"):
            account_guard.check("acct_2", livemode=False)


def test_a_restricted_key_that_may_not_say_its_account_works(
    make_app: MakeApp, door: Watched
) -> None:
    door.secretive = True
    app = make_app(STRIPE_API_BASE=door.url)
    copy_catalogue(app)
    assert "an account that it may not name" in billing(app, "account")


def test_which_account_it_is_is_asked_once_a_process(make_app: MakeApp, door: Watched) -> None:
    app = make_app(STRIPE_API_BASE=door.url)
    copy_catalogue(app)
    copy_catalogue(app)
    assert len(door.asked_for("v1/account")) == 1
    assert "It is the account that is copied." in billing(app, "account")
