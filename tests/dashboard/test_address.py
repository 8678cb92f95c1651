"""What comes along when a member moves to another address: payments, letters, their story."""

from datetime import timedelta

from flask import Flask

from membership.accounts.address_changes import AddressChange
from membership.billing.models import Customer
from membership.billing.unclaimed import Reason
from membership.db import db, transaction
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import bound, payment_link, pays_by_link, waiting
from tests.support.mail import Work, code_for
from tests.support.mailerlite_has import becomes, listed, set_up
from tests.support.moving import NEW, asks, enters, moves, way_back
from tests.support.paying import ask_stripe, chooses, copy_catalogue, newest_at_stripe, pays
from tests.support.people import ADA, GRACE, opens_account

HOUR = timedelta(hours=1)
WORK_ADDRESS = "grace.at.work@example.com"


def email_at_stripe(sandbox: Sandbox, customer: str) -> object:
    return ask_stripe(sandbox, f"customers/{customer}", method="GET")["email"]


def subscribes(member: Browser, app: Flask, elsewhere: Elsewhere, work: Work) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(member, app))
    work()


def unsettled(app: Flask) -> list[str]:
    """What of a change has not been told to Stripe, with the error."""
    with app.app_context():
        rows = db.session.query(AddressChange).where(AddressChange.due_at.is_not(None))
        return [row.last_error or "" for row in rows]


@on_each_database
def test_stripe_writes_to_the_new_address_and_to_the_old_one_again_after_the_way_back(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    subscribes(grace, app, elsewhere, work)
    customer = newest_at_stripe(sandbox, "customers")
    moves(grace, sandbox, work)
    assert email_at_stripe(sandbox, customer) == NEW
    with app.app_context():
        assert db.session.get_one(Customer, customer).email == NEW
    assert grace.get("/premium").status_code == 200
    path = way_back(sandbox)
    visitor.submit(path, action=path)
    work()
    assert email_at_stripe(sandbox, customer) == GRACE
    assert unsettled(app) == []


def test_every_customer_of_theirs_moves_and_nobody_elses(
    grace: Browser,
    ada: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    subscribes(ada, app, elsewhere, work)
    adas = newest_at_stripe(sandbox, "customers")
    link = payment_link(app, sandbox)
    pays_by_link(elsewhere, link, WORK_ADDRESS)
    work()
    grace.submit("/claim", action="/claim", email=WORK_ADDRESS)
    work()
    code = code_for(sandbox, WORK_ADDRESS)
    grace.submit("/claim", action="/claim", having={"code": ""}, code=code)
    claimed = newest_at_stripe(sandbox, "customers")
    moves(grace, sandbox, work)
    assert email_at_stripe(sandbox, claimed) == NEW
    assert email_at_stripe(sandbox, adas) == ADA


def test_stripe_and_mailerlite_hear_of_it_when_they_are_back(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    set_up(app)
    subscribes(grace, app, elsewhere, work)
    customer = newest_at_stripe(sandbox, "customers")
    asks(grace)
    work()
    sandbox.faults.stripe = sandbox.faults.mailerlite = "down"
    assert enters(grace, code_for(sandbox, NEW)).location == "/account"
    work()
    assert NEW in grace.get("/account").text
    sandbox.faults.stripe = sandbox.faults.mailerlite = None
    assert email_at_stripe(sandbox, customer) == GRACE
    assert len(unsettled(app)) == 1
    clock.passes(HOUR)
    work()
    assert email_at_stripe(sandbox, customer) == NEW
    assert unsettled(app) == []
    assert listed(sandbox, GRACE) is None
    there = listed(sandbox, NEW)
    assert there
    assert (there.status, there.groups) == ("active", {"Paid"})


def test_two_changes_in_a_row_end_with_the_last_whatever_is_told_first(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    subscribes(grace, app, elsewhere, work)
    customer = newest_at_stripe(sandbox, "customers")
    sandbox.faults.stripe = "down"
    moves(grace, sandbox, work)
    moves(grace, sandbox, work, "last@example.com")
    sandbox.faults.stripe = None
    with app.app_context(), transaction() as session:
        first, last = session.query(AddressChange).order_by(AddressChange.id)
        first.due_at, last.due_at = clock() + HOUR, clock()
    work()
    clock.passes(2 * HOUR)
    work()
    assert email_at_stripe(sandbox, customer) == "last@example.com"
    assert unsettled(app) == []


@on_each_database
def test_a_payment_under_way_with_the_old_address_is_still_theirs(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    copy_catalogue(app)
    sandbox.webhooks_paused = True
    pays_by_link(elsewhere, payment_link(app, sandbox), GRACE)
    clock.passes(HOUR)
    moves(grace, sandbox, work)
    assert bound(app) == []
    sandbox.webhooks_paused = False
    work()
    assert bound(app) == [(NEW, "email")]
    assert waiting(app) == []


def test_whoever_pays_with_an_address_that_was_left_before_pays_for_nobody_else(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    copy_catalogue(app)
    moves(grace, sandbox, work)
    sandbox.clock.advance(3600)
    pays_by_link(elsewhere, payment_link(app, sandbox), GRACE)
    work()
    assert bound(app) == [(None, None)]
    assert waiting(app) == [(GRACE, Reason.NOBODY)]


def test_a_payment_under_way_when_two_have_had_its_address_is_given_to_neither(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
    clock: MovableClock,
) -> None:
    copy_catalogue(app)
    sandbox.webhooks_paused = True
    pays_by_link(elsewhere, payment_link(app, sandbox), GRACE)
    clock.passes(HOUR)
    moves(grace, sandbox, work)
    opens_account(app, GRACE)
    sandbox.webhooks_paused = False
    work()
    assert waiting(app) == [(GRACE, Reason.SEVERAL)]


def test_what_was_paid_with_the_new_address_before_is_found(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), NEW)
    work()
    moves(grace, sandbox, work)
    assert bound(app) == [(NEW, "email")]
    assert grace.get("/premium").status_code == 200


def test_the_letters_come_along(grace: Browser, app: Flask, sandbox: Sandbox, work: Work) -> None:
    set_up(app)
    work()
    assert listed(sandbox, GRACE)
    moves(grace, sandbox, work)
    assert listed(sandbox, GRACE) is None
    there = listed(sandbox, NEW)
    assert there
    assert there.status == "active"
    assert f"The newsletter goes to {NEW}" in grace.get("/account").text


def test_whoever_unsubscribed_stays_so_under_the_new_address(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    work()
    becomes(sandbox, GRACE, "unsubscribed")
    moves(grace, sandbox, work)
    there = listed(sandbox, NEW)
    assert there
    assert there.status == "unsubscribed"
    assert listed(sandbox, GRACE) is None
    assert "You have unsubscribed" in grace.get("/account").text


def test_whoever_did_not_get_the_letters_any_more_gets_them_at_the_new_address(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    work()
    becomes(sandbox, GRACE, "bounced")
    moves(grace, sandbox, work)
    assert listed(sandbox, GRACE) is None
    there = listed(sandbox, NEW)
    assert there
    assert there.status == "active"


def test_whoever_unsubscribed_is_not_put_on_by_another_subscription_there(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    """MailerLite has the new address already, so the old entry cannot be moved to it."""
    set_up(app)
    work()
    becomes(sandbox, NEW, "active")
    becomes(sandbox, NEW, "unsubscribed")
    moves(grace, sandbox, work)
    there = listed(sandbox, NEW)
    assert there
    assert there.status == "unsubscribed"
    assert listed(sandbox, GRACE) is None


def test_two_subscriptions_become_one_and_an_account_there_is_nobodys(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    set_up(app)
    visitor.submit("/", action="/subscribe", email=NEW)
    clock.passes(HOUR)
    work()
    moves(grace, sandbox, work)
    assert listed(sandbox, GRACE) is None
    there = listed(sandbox, NEW)
    assert there
    assert (there.status, there.groups) == ("active", {"Free"})


def test_their_story_goes_on_and_says_nothing_of_whoever_has_the_old_address_next(
    grace: Browser, visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    visitor.submit("/login", action="/login", email=GRACE, password="not hers at all")
    moves(grace, sandbox, work)
    clock.passes(HOUR)
    visitor.submit("/", action="/subscribe", email=GRACE)
    story = grace.get("/account/why").text
    assert "Somebody was not let in" in story
    assert "The account moved to another address" in story
    assert "A code was asked for" not in story
