"""What the database is asked: nothing whose cost grows with how many others there are."""

from http import HTTPStatus

import pytest
from flask import Flask

from membership.billing import sync
from sandbox.server import Sandbox
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, newest_at_stripe, pays

DAY = 24 * 60 * 60  # seconds
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


@pytest.mark.usefixtures("catalogue")
def test_a_payment_is_taken_in_without_going_through_everybody_elses(
    app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    with asked_of(app) as asked:
        pays(elsewhere, chooses(grace, app))
        pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), "stranger@example.com")
        work()
    assert any("grants" in statement for statement, _ in asked)
    assert read_whole(app, asked) == set()


@pytest.mark.usefixtures("catalogue")
def test_no_page_of_a_member_goes_through_everybody_elses_rows(
    app: Flask, grace: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    with asked_of(app) as asked:
        pays(elsewhere, chooses(grace, app))
        work()
        for path in ("/premium", "/plans", "/account", "/account/why", "/claim", "/readyz"):
            assert grace.get(path).status_code == HTTPStatus.OK
    assert read_whole(app, asked) == set()


@pytest.mark.usefixtures("catalogue")
def test_reading_a_customer_again_asks_no_more_after_months_of_paying(
    app: Flask, sandbox: Sandbox, grace: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    customer = newest_at_stripe(sandbox, "customers")

    def read_again() -> int:
        with asked_of(app) as asked, app.app_context():
            sync.bring_up_to_date(customer)
        # Turns at calling Stripe are taken now and then, and each in a transaction of its own.
        told = [statement for statement, _ in asked if "paces" not in statement]
        return len([statement for statement in told if not statement.startswith("BEGIN")])

    sandbox.clock.advance(40 * DAY)
    work()
    after_a_month = read_again()
    sandbox.clock.advance(100 * DAY)
    work()
    assert read_again() == after_a_month
