"""The end of a free trial is told three days before, by the clock, to who will be charged."""

import pytest

from membership.billing.dates import day
from sandbox.stripe import subscriptions
from tests.support.databases import on_each_database
from tests.support.money_life import DAY, MoneyLife
from tests.support.paying import ask_stripe, offers_trial

ENDS = "Your free trial ends on"


@pytest.fixture
def trying(life: MoneyLife) -> MoneyLife:
    """Grace tries the membership, for two weeks."""
    offers_trial(life.app, life.sandbox, days=14)
    life.buys()
    return life


@on_each_database
def test_three_days_before_it_is_said_once_though_no_event_comes(trying: MoneyLife) -> None:
    trying.sandbox.webhook_url = None
    end = trying.now + 14 * DAY
    trying.passes(11 * DAY - DAY / 24)
    assert trying.mails(ENDS) == []
    trying.passes(DAY / 12)
    assert trying.mails(ENDS) == [f"{ENDS} {day(end)}"]
    assert "the first payment, €5.00 a month, follows then" in trying.last()
    assert "press “Cancel”" in trying.last()
    trying.passes(DAY)
    assert len(trying.mails(ENDS)) == 1


def test_who_has_cancelled_is_not_reminded(trying: MoneyLife) -> None:
    subscriptions.end_later(trying.sandbox.account, trying.newest)
    trying.passes(12 * DAY)
    assert trying.mails(ENDS) == []


def test_who_cancels_before_the_letter_leaves_is_not_reminded(trying: MoneyLife) -> None:
    trying.sandbox.clock.advance(12 * 24 * 3600)
    trying.drains("trials")
    subscriptions.end_later(trying.sandbox.account, trying.newest)
    trying.runs("billing", "sync", "grace@example.com")
    trying.work()
    assert trying.mails(ENDS) == []


def test_who_is_not_charged_since_collection_is_paused_is_not_reminded(trying: MoneyLife) -> None:
    ask_stripe(
        trying.sandbox,
        f"subscriptions/{trying.newest['id']}",
        {"pause_collection[behavior]": "void"},
    )
    trying.passes(12 * DAY)
    assert trying.mails(ENDS) == []


def test_a_trial_made_longer_is_told_of_its_new_end_too(trying: MoneyLife) -> None:
    trying.passes(12 * DAY)
    end = trying.now + 10 * DAY
    trying.ask(form={"trial_end": str(int(end.timestamp())), "proration_behavior": "none"})
    trying.work()
    trying.passes(8 * DAY)
    assert trying.mails(ENDS)[1:] == [f"{ENDS} {day(end)}"]
