"""A payment that has found its account is told to the account, and to whoever paid it."""

import pytest
from flask import Flask

from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.links import payer_key, payment_link, pays_by_link
from tests.support.mail import code_for, mails_to
from tests.support.money_life import MoneyLife
from tests.support.paying import ask_stripe
from tests.support.people import GRACE

AT_WORK = "grace.at.work@example.com"
BOOKS = "books@example.org"
CLAIMED = "A payment now belongs to your account"
GIVEN = "Your payment to Latchkey has found its account"


@pytest.fixture
def paid(life: MoneyLife, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere) -> MoneyLife:
    """Grace has paid with the address she has at work, and nobody knows that it was she."""
    pays_by_link(elsewhere, payment_link(app, sandbox), AT_WORK)
    life.work()
    return life


def claims(member: Browser, life: MoneyLife) -> None:
    member.submit("/claim", action="/claim", email=AT_WORK)
    life.work()
    code = code_for(life.sandbox, AT_WORK)
    member.submit("/claim", action="/claim", having={"code": ""}, code=code)
    life.work()


@on_each_database
def test_claimed_with_a_code_both_are_told_and_the_payment_is_not_told_besides(
    paid: MoneyLife, grace: Browser
) -> None:
    claims(grace, paid)
    assert paid.mails() == [CLAIMED]
    assert f"that was made with {AT_WORK} now belongs to your account" in paid.last()
    assert "Membership: Open until" in paid.last()
    assert mails_to(paid.sandbox, AT_WORK)[-1] == GIVEN
    assert f"belongs to the account {GRACE}" in paid.last(to=AT_WORK)
    paid.runs("billing", "sync", GRACE)
    paid.work()
    assert paid.mails() == [CLAIMED]
    paid.renews()
    assert paid.mails() == [CLAIMED, "We received your payment of €5.00"]


def test_who_has_another_address_at_stripe_by_now_is_told_without_the_accounts_address(
    paid: MoneyLife, grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    """Only the address she proved is told whose account it is."""
    ask_stripe(sandbox, f"customers/{payer_key(app)}", {"email": BOOKS})
    paid.work()
    claims(grace, paid)
    assert f"made with {AT_WORK} now belongs" in paid.last()
    assert f"belongs to the account {GRACE}" in paid.last(to=AT_WORK)
    assert mails_to(paid.sandbox, BOOKS) == [GIVEN]
    assert GRACE not in paid.last(to=BOOKS)


def test_given_by_the_owner_the_payer_is_told_without_the_accounts_address(
    paid: MoneyLife, app: Flask
) -> None:
    key = payer_key(app)
    paid.runs("billing", "bind", key, GRACE)
    paid.work()
    assert paid.mails() == [CLAIMED]
    assert mails_to(paid.sandbox, AT_WORK)[-1] == GIVEN
    assert GRACE not in paid.last(to=AT_WORK)
    assert "an account at Latchkey that has another address" in paid.last(to=AT_WORK)


def test_taken_away_again_before_the_letters_left_nobody_is_told(
    paid: MoneyLife, app: Flask
) -> None:
    key = payer_key(app)
    paid.runs("billing", "bind", key, GRACE)
    paid.runs("billing", "unbind", key)
    paid.work()
    assert paid.mails(CLAIMED) == []
    assert GIVEN not in mails_to(paid.sandbox, AT_WORK)


def test_what_a_year_paid_is_claimed_with_one_letter(paid: MoneyLife, grace: Browser) -> None:
    for _ in range(3):
        paid.renews()
    claims(grace, paid)
    assert paid.mails() == [CLAIMED]


def test_two_payments_of_one_address_are_one_claim_and_one_letter(
    paid: MoneyLife, grace: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere
) -> None:
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), AT_WORK)
    paid.work()
    claims(grace, paid)
    assert paid.mails() == [CLAIMED]
    assert paid.last().count(": Open until") == 2
