"""A payment that arrives, or does not, is told to its member: once, and only while it is news."""

from flask import Flask
from sqlalchemy import select

from membership.billing.dates import day
from membership.billing.models import Payment
from membership.db import db
from membership.inbox import InboxEvent
from membership.outbox import OutboxMessage
from sandbox.server import Sandbox
from sandbox.stripe import refunds
from tests.conftest import MakeApp
from tests.support.behind_our_back import reconciles, subscribes
from tests.support.browser import Elsewhere
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work, mails_to
from tests.support.money_life import DAY, FAILS_LATER, MoneyLife, to_the_next_renewal
from tests.support.paying import WORKS, ask_stripe, copy_catalogue, offers_trial
from tests.support.people import ADA, GRACE, opens_account
from tests.support.told import told_twice
from tests.support.working import works

RECEIVED = "We received your payment of €5.00"
FAILED = "Your payment to Latchkey did not go through"
WAY_IN = "Your payment to Latchkey: one step to open it"
ALAN = "alan@example.com"


def told_again(life: MoneyLife) -> None:
    """Everything by which something is heard of twice."""
    with life.app.app_context():
        heard = select(InboxEvent.id).where(InboxEvent.subject.is_not(None))
        ids = [str(id_) for id_ in db.session.scalars(heard)]
    life.runs("events", "replay", *ids)
    life.work()
    life.runs("billing", "sync", GRACE)
    reconciles(life.app)
    life.work()


@on_each_database
def test_each_payment_is_told_once_however_often_we_hear_of_it(life: MoneyLife) -> None:
    life.buys()
    assert life.mails() == [RECEIVED]
    with life.app.app_context():
        paid = db.session.scalars(select(Payment)).one()
    assert f"Your payment of €5.00 arrived on {day(paid.paid_at)}." in life.last()
    assert "when it renews." in life.last()
    assert "press “Manage billing”" in life.last()
    assert "/account" in life.last()
    told_again(life)
    assert life.mails() == [RECEIVED]
    life.renews()
    told_again(life)
    assert life.mails() == [RECEIVED, RECEIVED]
    with life.app.app_context():
        assert told_twice(db.session()) == []


def test_the_mail_says_that_a_machine_wrote_it(life: MoneyLife) -> None:
    life.buys()
    mail = life.sandbox.mailbox.latest(to=GRACE)
    assert mail.headers["Auto-Submitted"] == "auto-generated"


def test_what_is_bought_once_says_how_long_it_is_open(life: MoneyLife) -> None:
    life.buys("guide")
    assert life.mails() == ["We received your payment of €29.00"]
    assert f"Open until {day(life.now + 30 * DAY)}." in life.last()


def test_a_trial_costs_nothing_and_is_no_payment(life: MoneyLife) -> None:
    offers_trial(life.app, life.sandbox, days=14)
    life.buys()
    assert life.mails() == []
    life.renews()
    assert life.mails(RECEIVED) == [RECEIVED]


def test_a_debit_that_takes_days_is_told_when_it_has_come_in(life: MoneyLife) -> None:
    life.buys("guide", "DE89370400440532013000")
    assert life.mails() == []
    life.passes(4 * DAY)
    assert life.mails() == ["We received your payment of €29.00"]


def test_a_debit_of_a_member_who_paid_as_a_guest_is_told_too(
    life: MoneyLife, elsewhere: Elsewhere
) -> None:
    link = payment_link(life.app, life.sandbox, "guide")
    pays_by_link(elsewhere, link, GRACE, card="DE89370400440532013000")
    life.work()
    assert life.mails() == []
    life.passes(4 * DAY)
    assert life.mails() == ["We received your payment of €29.00"]


def test_who_has_the_money_back_before_the_letter_left_gets_none(life: MoneyLife) -> None:
    life.buys_unheard("guide")
    life.runs("billing", "sync", GRACE)
    (charge,) = life.sandbox.account.all("charge")
    refunds.refund(life.sandbox.account, {"charge": charge["id"]})
    life.runs("billing", "sync", GRACE)
    life.work()
    assert life.mails("We received") == []


def test_the_owner_may_leave_receipts_to_stripe(make_app: MakeApp, sandbox: Sandbox) -> None:
    app = make_app(MAIL_RECEIPTS="false")
    opens_account(app, ADA)
    copy_catalogue(app)
    subscribes(app, sandbox, ADA)
    reconciles(app)
    works(app)
    assert mails_to(sandbox, ADA) == []


# What is nobody's, and what is long ago


def test_who_paid_without_an_account_gets_the_way_in_and_the_receipt_after_joining(
    app: Flask, listening: str, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), ALAN)
    work()
    work()
    assert mails_to(sandbox, ALAN) == [WAY_IN]
    opens_account(app, ALAN)
    work()
    work()
    assert mails_to(sandbox, ALAN) == [WAY_IN, RECEIVED]


@on_each_database
def test_years_of_history_are_read_and_nobody_is_mailed_before_they_pay_again(
    app: Flask, sandbox: Sandbox, work: Work
) -> None:
    """Grace has an account here; everything that she and Alan ever paid is new to us."""
    opens_account(app, GRACE)
    copy_catalogue(app)
    for payer in (GRACE, ALAN):
        subscribes(app, sandbox, payer)
    for _ in range(4):
        to_the_next_renewal(sandbox)
    sandbox.clock.advance(10 * 24 * 3600)
    reconciles(app)
    work()
    work()
    with app.app_context():
        assert db.session.query(Payment).count() >= 6
    assert sandbox.mailbox.messages == []
    to_the_next_renewal(sandbox)
    to_the_next_renewal(sandbox)
    reconciles(app)
    work()
    work()
    assert set(mails_to(sandbox, GRACE)) == {RECEIVED}
    assert mails_to(sandbox, ALAN) == [WAY_IN]


def test_what_was_lost_for_a_week_is_told_late(life: MoneyLife) -> None:
    life.buys()
    life.sandbox.webhook_url = None
    life.renews()
    life.passes(7 * DAY)
    reconciles(life.app)
    life.work()
    assert life.mails() == [RECEIVED, RECEIVED]


def test_who_joins_long_after_paying_is_not_told_what_they_paid_then(
    app: Flask, listening: str, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), ALAN)
    work()
    work()
    sandbox.clock.advance(8 * 24 * 3600)
    opens_account(app, ALAN)
    work()
    app.test_cli_runner().invoke(args=["billing", "sync", ALAN])
    work()
    assert mails_to(sandbox, ALAN) == [WAY_IN]


# Payments that fail


@on_each_database
def test_a_failed_payment_is_told_once_with_the_date_of_the_account_page(life: MoneyLife) -> None:
    life.buys(card=FAILS_LATER)
    life.renews()
    assert life.mails(FAILED) == [FAILED]
    date = life.member.get("/account").text.split("stays open until ")[1].split(".")[0]
    assert f"Everything stays open until {date}." in life.last()
    assert "“Update your card”" in life.last()
    told_again(life)
    life.passes(4 * DAY)  # Stripe has tried again
    assert life.mails(FAILED) == [FAILED]


def test_paid_before_the_letter_left_and_only_the_thanks_are_said(life: MoneyLife) -> None:
    life.buys(card=FAILS_LATER)
    life.sandbox.webhooks_paused = True
    to_the_next_renewal(life.sandbox)
    life.runs("billing", "sync", GRACE)
    assert "Payment overdue" in life.member.get("/account").text
    life.has_card(WORKS)
    (unpaid,) = [i for i in life.sandbox.account.all("invoice") if i["status"] == "open"]
    ask_stripe(life.sandbox, f"invoices/{unpaid['id']}/pay")
    life.runs("billing", "sync", GRACE)
    life.work()
    assert life.mails() == [RECEIVED, RECEIVED]


def test_the_next_period_that_fails_is_told_again(life: MoneyLife) -> None:
    life.buys(card=FAILS_LATER)
    life.renews()
    life.has_card(WORKS)
    life.passes(4 * DAY)
    life.has_card(FAILS_LATER)
    life.renews()
    assert life.mails(FAILED) == [FAILED, FAILED]


def test_a_failure_heard_of_when_its_grace_is_over_is_told_by_its_end_alone(
    life: MoneyLife,
) -> None:
    life.buys(card=FAILS_LATER)
    life.sandbox.webhooks_paused = True
    to_the_next_renewal(life.sandbox)
    life.sandbox.clock.advance(8 * 24 * 3600)
    life.runs("billing", "sync", GRACE)
    life.work()
    assert life.mails(FAILED) == []
    assert life.mails()[-1].endswith("has ended")
    assert "“Update your card”" in life.last()


def test_a_letter_that_was_held_up_until_the_grace_was_over_is_not_sent(life: MoneyLife) -> None:
    life.buys(card=FAILS_LATER)
    life.sandbox.webhooks_paused = True
    to_the_next_renewal(life.sandbox)
    life.runs("billing", "sync", GRACE)
    life.sandbox.clock.advance(8 * 24 * 3600)
    life.work()
    assert life.mails(FAILED) == []
    assert life.mails()[-1].endswith("has ended")
    with life.app.app_context():
        waits = select(OutboxMessage.kind).where(OutboxMessage.due_at.is_not(None))
        assert db.session.scalars(waits).all() == []
