"""A subscription's life by Stripe's clock: what our copy and the doors make of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership import clock as clocks
from membership.billing.models import Grant, Payment, Subscription
from membership.db import db
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from sandbox.store import Document
from sandbox.stripe import customers, subscriptions
from sandbox.stripe.payments import CARDS
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import ask_stripe, chooses, copy_catalogue, offers_trial, pays
from tests.support.people import GRACE, signs_in

OPEN, SHUT = 200, 402
DAY = timedelta(days=1)
FAILS_LATER, WORKS = CARDS["4000000000000341"], CARDS["4242424242424242"]
pytestmark = pytest.mark.usefixtures("listening")


class Life:
    """Grace subscribes by the month; her first card is declined whenever she is not there."""

    def __init__(self, app: Flask, sandbox: Sandbox, member: Browser, work: Work) -> None:
        self.app, self.sandbox, self.member, self.work = app, sandbox, member, work

    def begins(self, elsewhere: Elsewhere, card: str = WORKS.number) -> None:
        copy_catalogue(self.app)
        pays(elsewhere, chooses(self.member, self.app), card)
        self.work()

    def passes(self, time: timedelta) -> None:
        self.sandbox.clock.advance(int(time.total_seconds()))
        self.work()

    def renews(self) -> None:
        """The next period has begun, and Stripe has charged for it, or tried to."""
        renewal = self.sandbox.next_renewal()
        assert renewal
        self.sandbox.clock.advance_to(renewal + 2 * 60 * 60)
        self.work()

    @property
    def door(self) -> int:
        return self.member.get("/premium").status_code

    @property
    def at_stripe(self) -> Document:
        return self.sandbox.account.all("subscription")[-1]

    @property
    def copy(self) -> Subscription:
        with self.app.app_context():
            return db.session.scalars(select(Subscription)).one()

    @property
    def ends_at(self) -> datetime | None:
        with self.app.app_context():
            return db.session.scalars(select(Grant.ends_at)).one()

    @property
    def now(self) -> datetime:
        with self.app.app_context():
            return clocks.billing_now()

    def uses(self, card: object) -> None:
        customers.set_card(self.sandbox.account, self.at_stripe["customer"], card)  # type: ignore[arg-type]


@pytest.fixture
def life(app: Flask, sandbox: Sandbox, grace: Browser, work: Work) -> Life:
    return Life(app, sandbox, grace, work)


@on_each_database
def test_each_renewal_moves_the_end_on(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    assert life.ends_at == life.copy.period_end + DAY
    for month in (2, 3):
        life.renews()
        assert life.door == OPEN
        assert life.copy.period_start <= life.now < life.copy.period_end
        assert life.ends_at == life.copy.period_end + DAY
        with life.app.app_context():
            assert db.session.query(Payment).count() == month


@on_each_database
def test_a_failed_renewal_has_its_grace_and_ends_on_its_date(
    life: Life, elsewhere: Elsewhere
) -> None:
    life.begins(elsewhere, FAILS_LATER.number)
    life.renews()
    assert life.copy.status == "past_due"
    unpaid_since = life.copy.period_start
    assert life.copy.oldest_open_invoice_start == unpaid_since
    assert life.ends_at == unpaid_since + 7 * DAY
    life.passes(4 * DAY)  # Stripe has tried again meanwhile, and told us
    assert life.ends_at == unpaid_since + 7 * DAY
    assert life.door == OPEN
    life.passes(3 * DAY)
    assert life.copy.status == "past_due"
    assert life.door == SHUT


@on_each_database
def test_a_card_that_works_again_opens_at_once(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere, FAILS_LATER.number)
    life.renews()
    life.passes(7 * DAY)
    assert life.door == SHUT
    life.uses(WORKS)
    life.passes(2 * DAY)  # Stripe's second retry, eight days after the first charge
    assert life.copy.status == "active"
    assert life.copy.oldest_open_invoice_start is None
    assert life.ends_at == life.copy.period_end + DAY
    assert life.door == OPEN


@pytest.mark.parametrize(
    ("setting", "status"),
    [("cancel", "canceled"), ("unpaid", "unpaid"), ("leave", "past_due"), ("pause", "paused")],
)
def test_whatever_stripe_is_told_to_do_after_the_last_retry_the_door_stays_shut(
    life: Life, elsewhere: Elsewhere, setting: str, status: str
) -> None:
    life.sandbox.after_retries = setting
    life.begins(elsewhere, FAILS_LATER.number)
    life.renews()
    life.passes(16 * DAY)
    assert life.copy.status == status
    assert life.door == SHUT
    life.passes(40 * DAY)
    assert life.door == SHUT


def test_a_door_shuts_at_its_time_with_every_webhook_lost(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    life.sandbox.webhook_url = None
    assert life.ends_at
    life.passes(life.ends_at - life.now - timedelta(hours=1))
    assert life.door == OPEN
    life.passes(timedelta(hours=1))
    assert life.door == SHUT
    with life.app.app_context():
        assert db.session.scalars(select(Subscriber.standing)).all() == [Standing.LAPSED]


@on_each_database
def test_cancelled_it_ends_with_the_period_to_the_second(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    subscriptions.end_later(life.sandbox.account, life.at_stripe)
    life.work()
    assert life.ends_at == life.copy.period_end
    life.passes(life.copy.period_end - life.now - timedelta(minutes=1))
    assert life.door == OPEN
    life.passes(timedelta(minutes=1))
    assert life.door == SHUT
    assert life.copy.status == "canceled"


def test_kept_after_all_it_goes_on(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    subscriptions.end_later(life.sandbox.account, life.at_stripe)
    life.work()
    subscriptions.keep(life.sandbox.account, life.at_stripe)
    life.renews()
    assert life.door == OPEN
    assert life.copy.cancel_at is None


def _collection(pause: bool) -> Callable[[Life], None]:
    def change(life: Life) -> None:
        form = {"pause_collection[behavior]": "void"} if pause else {"pause_collection": ""}
        ask_stripe(life.sandbox, f"subscriptions/{life.at_stripe['id']}", form)
        life.work()

    return change


@on_each_database
def test_while_collection_is_paused_nothing_new_is_granted(
    life: Life, elsewhere: Elsewhere
) -> None:
    """Stripe goes on calling it active, and charges nothing."""
    life.begins(elsewhere)
    paid_until = life.copy.period_end
    _collection(pause=True)(life)
    assert life.copy.collection_paused
    assert life.door == OPEN
    life.renews()
    assert life.copy.status == "active"
    assert life.copy.period_end > paid_until
    assert life.ends_at == paid_until
    life.passes(2 * DAY)
    assert life.door == SHUT
    _collection(pause=False)(life)
    assert not life.copy.collection_paused
    assert life.door == OPEN


def test_paused_and_resumed_by_stripe(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    ask_stripe(
        life.sandbox, f"subscriptions/{life.at_stripe['id']}/pause", {"type": "subscription"}
    )
    life.work()
    assert life.copy.status == "paused"
    assert life.door == SHUT
    ask_stripe(life.sandbox, f"subscriptions/{life.at_stripe['id']}/resume")
    life.work()
    assert life.copy.status == "active"
    assert life.door == OPEN


def test_a_trial_goes_over_into_payment(life: Life, elsewhere: Elsewhere) -> None:
    copy_catalogue(life.app)
    offers_trial(life.app, life.sandbox, days=14)
    life.begins(elsewhere)
    assert life.copy.status == "trialing"
    assert life.ends_at == (life.copy.trial_end or life.now) + DAY
    with life.app.app_context():
        assert db.session.query(Payment).count() == 0
    life.renews()
    assert life.copy.status == "active"
    assert life.door == OPEN
    with life.app.app_context():
        assert db.session.query(Payment.amount).scalar() == 500


@on_each_database
def test_a_debit_opens_when_it_has_come_in(life: Life, elsewhere: Elsewhere) -> None:
    copy_catalogue(life.app)
    pays(elsewhere, chooses(life.member, life.app, "guide"), "DE89370400440532013000")
    life.work()
    assert life.door == SHUT
    life.passes(4 * DAY)
    assert life.door == OPEN
    with life.app.app_context():
        guide = db.session.scalars(select(Grant).where(Grant.feature == "guide")).one()
        assert guide.ends_at == guide.starts_at + 30 * DAY
        assert guide.starts_at > life.now - 2 * DAY


def test_a_debit_that_bounces_opens_nothing(life: Life, elsewhere: Elsewhere) -> None:
    copy_catalogue(life.app)
    pays(elsewhere, chooses(life.member, life.app, "guide"), "DE62370400440532013001")
    life.work()
    life.passes(4 * DAY)
    assert life.door == SHUT
    with life.app.app_context():
        assert db.session.query(Grant).count() == 0


def test_the_address_somebody_signs_in_with_is_theirs_whatever_stripe_is_told(
    life: Life, elsewhere: Elsewhere, browser: Callable[[], Browser]
) -> None:
    life.begins(elsewhere)
    customer = life.at_stripe["customer"]
    ask_stripe(life.sandbox, f"customers/{customer}", {"email": "accounts@example.org"})
    life.work()
    assert life.door == OPEN
    signs_in(browser(), GRACE)


def test_a_subscription_behind_a_hundred_others_is_found(life: Life, elsewhere: Elsewhere) -> None:
    life.begins(elsewhere)
    another = {
        "customer": life.at_stripe["customer"],
        "items[0][price]": life.copy.price_id,
        "default_payment_method": life.at_stripe["default_payment_method"],
    }
    life.sandbox.webhooks_paused = True
    for _ in range(101):
        made = ask_stripe(life.sandbox, "subscriptions", another)
        ask_stripe(life.sandbox, f"subscriptions/{made['id']}", method="DELETE")
    done = life.app.test_cli_runner().invoke(args=["billing", "sync", GRACE])
    assert done.exit_code == 0, done.output
    assert life.door == OPEN
    with life.app.app_context():
        assert db.session.query(Subscription).count() == 102
