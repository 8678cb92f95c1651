"""The fixtures that anybody's tests can have, told with themselves."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests

from sandbox import testing
from sandbox.server import Sandbox
from sandbox.stripe.paying import Declined
from sandbox.testing import Payer, Reader, Time
from tests.sandbox.shop import DECLINED, Hook

checkout_page = testing.checkout_page
payer = testing.payer
reader = testing.reader
time = testing.time


@pytest.fixture
def ada(payer: Callable[[str], Payer]) -> Payer:
    return payer("ada@example.com")


def test_a_card_that_fails_and_is_mended(sandbox: Sandbox, time: Time, ada: Payer) -> None:
    ada.pays("monthly")
    assert ada.subscription["status"] == "active"
    ada.card_fails()
    time.passes(days=32)
    assert ada.subscription["status"] == "past_due"
    ada.card_works()
    time.passes(days=4)
    assert ada.subscription["status"] == "active"


def test_the_open_invoice_is_settled_by_hand(time: Time, ada: Payer) -> None:
    ada.pays("monthly")
    ada.card_fails()
    time.reaches_next_renewal()
    assert ada.subscription["status"] == "past_due"
    ada.card_works()
    ada.settles()
    assert ada.subscription["status"] == "active"


def test_leaving_coming_back_and_leaving_for_good(time: Time, ada: Payer) -> None:
    ada.pays("yearly")
    ada.cancels()
    ada.stays()
    time.passes(days=366)
    assert ada.subscription["status"] == "active"
    ada.cancels()
    time.passes(days=366)
    assert ada.subscription["status"] == "canceled"
    with pytest.raises(LookupError):
        time.reaches_next_renewal()


def test_money_given_back_and_money_taken_back(sandbox: Sandbox, ada: Payer) -> None:
    ada.pays("monthly")
    ada.is_refunded(100)
    assert ada.charge["amount_refunded"] == 100
    ada.disputes()
    ada.loses()
    ada.disputes()
    ada.wins()
    statuses = [dispute["status"] for dispute in sandbox.account.all("dispute")]
    assert statuses == ["won", "lost"]
    ada.ends_at_once()
    assert ada.subscription["status"] == "canceled"


def test_what_happened_is_told_when_the_call_returns(
    sandbox: Sandbox, time: Time, ada: Payer, hook: Hook
) -> None:
    sandbox.webhook_url = hook.url
    ada.pays("monthly")
    assert "checkout.session.completed" in hook.types
    hook.events.clear()
    time.reaches_next_renewal()
    assert "invoice.paid" in hook.types
    sandbox.webhooks_paused = True
    hook.events.clear()
    ada.ends_at_once()
    assert hook.types == []


def test_a_refused_card_says_so(ada: Payer) -> None:
    with pytest.raises(Declined):
        ada.pays("monthly", card=DECLINED)
    with pytest.raises(LookupError):
        assert ada.subscription


def test_two_sandboxes_know_nothing_of_each_other(sandbox: Sandbox, ada: Payer) -> None:
    ada.pays("monthly")
    with Sandbox() as other:
        other.clock.advance(int(timedelta(days=400).total_seconds()))
        assert other.account.all("customer") == []
    assert sandbox.clock.ahead == 0


def test_what_becomes_of_readers_at_mailerlite(
    sandbox: Sandbox,
    reader: Callable[[str], Reader],
    mailerlite: Callable[..., requests.Response],
    hook: Hook,
) -> None:
    sandbox.double_opt_in = True
    events = [f"subscriber.{name}" for name in ("active", "bounced", "deleted", "unsubscribed")]
    mailerlite("POST", "/webhooks", url=hook.url, events=events, batchable=True)
    grace, ada = reader("grace@example.com"), reader("ada@example.com")
    with pytest.raises(LookupError, match="is not on the list"):
        grace.bounces()
    free = mailerlite("POST", "/groups", name="Free").json()["data"]["id"]
    for each in (grace, ada):
        mailerlite("POST", "/subscribers", email=each.email, groups=[free])
        each.confirms_at_mailerlite()
    assert (grace.listed["status"], grace.listed["groups"]) == ("active", ["Free"])
    assert [mail.subject for mail in grace.letters] == ["Please confirm your subscription"]

    grace.unsubscribes_at_mailerlite()
    assert grace.listed["status"] == "unsubscribed"
    ada.bounces()
    ada.is_forgotten_at_mailerlite()

    told = [event["event"].partition(".")[2] for e in hook.events for event in e["events"]]
    assert told == ["active", "active", "unsubscribed", "bounced", "deleted"]
