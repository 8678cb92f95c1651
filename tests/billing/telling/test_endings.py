"""That access has ended is told: what, why, and how to come back; only if it is shut, and once."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from membership import clock as clocks
from membership import outbox
from membership.accounts.models import User
from membership.billing import comps
from membership.billing.models import Grant
from membership.db import db, transaction
from sandbox.server import Sandbox
from sandbox.stripe import disputes, refunds, subscriptions
from tests.support.behind_our_back import cancels, reconciles, subscribes
from tests.support.databases import on_each_database
from tests.support.mail import Work, mails_to
from tests.support.money_life import DAY, FAILS_LATER, MoneyLife
from tests.support.paying import ask_stripe, copy_catalogue, price_id
from tests.support.people import GRACE, opens_account

ENDED = "Membership at Latchkey has ended"


def has_been_given(app: Flask, days: int | None) -> None:
    with app.app_context(), transaction() as session:
        user = session.scalars(select(User).where(User.email == GRACE)).one()
        now = clocks.billing_now()
        comps.give(session, user, "premium", days=days, because=None, now=now)


@on_each_database
def test_cancelled_at_once_is_told_once_and_again_when_it_ends_again(life: MoneyLife) -> None:
    life.buys()
    life.cancels()
    life.work()
    assert life.mails()[1:] == [ENDED]
    assert "It was cancelled." in life.last()
    assert "Shut since then: Premium." in life.last()
    assert "/plans" in life.last()
    life.runs("billing", "sync", GRACE)
    reconciles(life.app)
    life.passes(DAY)
    assert life.mails(ENDED) == [ENDED]
    life.buys()
    life.cancels()
    life.work()
    assert life.mails(ENDED) == [ENDED, ENDED]


def test_cancelled_at_the_periods_end_is_told_then(life: MoneyLife) -> None:
    life.buys()
    subscriptions.end_later(life.sandbox.account, life.newest)
    life.work()
    assert life.mails(ENDED) == []
    life.passes(31 * DAY)
    assert life.mails(ENDED) == [ENDED]


@on_each_database
def test_when_the_grace_is_over_it_is_said_by_the_clock_and_not_again_when_stripe_ends_it(
    life: MoneyLife,
) -> None:
    life.sandbox.after_retries = "cancel"
    life.buys(card=FAILS_LATER)
    life.renews()
    life.sandbox.webhooks_paused = True
    life.passes(7 * DAY)
    assert life.mails(ENDED) == [ENDED]
    assert "the days of grace are over" in life.last()
    assert "“Update your card”" in life.last()
    life.sandbox.webhooks_paused = False
    life.passes(20 * DAY)
    assert life.newest["status"] == "canceled"
    assert life.mails(ENDED) == [ENDED]


def test_not_while_a_gift_keeps_it_open(life: MoneyLife) -> None:
    life.buys()
    has_been_given(life.app, days=None)
    life.cancels()
    life.work()
    assert life.mails(ENDED) == []


def test_not_when_it_is_open_again_before_the_letter_left(life: MoneyLife) -> None:
    life.buys()
    life.cancels()
    life.drains("inbox", "endings")
    has_been_given(life.app, days=30)
    life.work()
    assert life.mails(ENDED) == []


def test_not_when_the_plan_was_changed(life: MoneyLife) -> None:
    """The yearly one, and then something else that does not open the same."""
    life.buys()
    item = life.newest["items"]["data"][0]["id"]
    life.ask(form={"items[0][id]": item, "items[0][price]": price_id(life.app, "yearly")})
    life.work()
    product = life.newest["items"]["data"][0]["price"]["product"]
    ask_stripe(life.sandbox, f"products/{product}", {"metadata[features]": "workshop"})
    life.work()
    assert life.member.get("/premium").status_code == 402
    assert [subject for subject in life.mails() if "ended" in subject] == []


def test_a_gift_that_is_over_is_called_a_gift(life: MoneyLife) -> None:
    has_been_given(life.app, days=5)
    life.passes(5 * DAY + timedelta(minutes=1))
    assert life.mails() == ["What you were given at Latchkey has ended"]
    assert "It was a gift, and its time is over." in life.last()


def test_given_back_it_has_ended_and_so_it_is_said(life: MoneyLife) -> None:
    life.buys("guide")
    (charge,) = life.sandbox.account.all("charge")
    refunds.refund(life.sandbox.account, {"charge": charge["id"]})
    life.work()
    assert life.mails()[1].endswith("at Latchkey has ended")
    assert "The payment was refunded." in life.last()
    assert "Shut since then: Guide, Premium." in life.last()
    life.passes(40 * DAY)  # past the days it would have been open for
    assert len(life.mails()) == 2


def test_disputed_is_told_and_won_and_ended_is_told_again(life: MoneyLife) -> None:
    life.buys("guide")
    (charge,) = life.sandbox.account.all("charge")
    dispute = disputes.open_(life.sandbox.account, charge["id"])
    life.work()
    assert "Your bank has asked for the payment back." in life.last()
    disputes.win(life.sandbox.account, dispute["id"])
    life.work()
    assert life.member.get("/premium").status_code == 200
    life.passes(31 * DAY)
    assert len(life.mails()) == 3
    assert "The time it was bought for is over." in life.last()


def test_what_ended_long_ago_is_not_told_by_reading_it_now(
    app: Flask, sandbox: Sandbox, work: Work
) -> None:
    opens_account(app, GRACE)
    copy_catalogue(app)
    _, subscription = subscribes(app, sandbox, GRACE)
    cancels(sandbox, subscription)
    sandbox.clock.advance(5 * 24 * 3600)
    reconciles(app)
    work()
    work()
    with app.app_context():
        assert db.session.scalars(select(Grant.noticed_at)).one() is not None
    assert mails_to(sandbox, GRACE) == []


def test_whose_payment_it_was_not_is_told_that(life: MoneyLife) -> None:
    life.buys()
    life.runs("billing", "unbind", life.newest["customer"])
    life.work()
    assert life.mails(ENDED) == [ENDED]
    assert "turned out not to be this account’s" in life.last()


def test_two_workers_that_look_at_once_tell_it_once(life: MoneyLife) -> None:
    life.buys()
    life.cancels()
    life.drains("inbox")
    life.at_once("endings", "endings", "endings")
    life.work()
    assert life.mails(ENDED) == [ENDED]
    with life.app.app_context():
        assert db.session.query(outbox.OutboxMessage).count() == 2
