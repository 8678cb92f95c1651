"""A payment made with another address is claimed by proving that address, and by nothing else."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts.models import User
from membership.billing.models import Customer, Grant
from membership.billing.unclaimed import Reason
from membership.db import db
from membership.newsletter.models import CodeSend, Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import bound, payer_key, payment_link, pays_by_link, told, waiting
from tests.support.mail import Work, code_for, code_in, mails_to
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.threads import at_once

OPEN, SHUT = HTTPStatus.OK, HTTPStatus.PAYMENT_REQUIRED
WORK = "grace.at.work@example.com"
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def link(app: Flask, sandbox: Sandbox) -> str:
    copy_catalogue(app)
    return payment_link(app, sandbox)


@pytest.fixture
def paid(elsewhere: Elsewhere, link: str, work: Work) -> None:
    """Grace has paid by link with the address she has at work, and nobody knows that it was she."""
    pays_by_link(elsewhere, link, WORK)
    work()


def premium(member: Browser) -> int:
    return member.get("/premium").status_code


def asks(member: Browser, email: str = WORK) -> TestResponse:
    member.get("/claim?change=1")
    return member.submit("/claim", action="/claim", email=email)


def enters(member: Browser, code: str) -> TestResponse:
    return member.submit("/claim", action="/claim", having={"code": ""}, code=code)


def not_(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@on_each_database
def test_a_code_to_the_paying_address_brings_the_payment_to_the_account(
    grace: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work
) -> None:
    assert premium(grace) == SHUT
    assert asks(grace, f" {WORK.upper()} ").location == "/claim"
    work()
    assert enters(grace, code_for(sandbox, WORK)).location == "/account"
    assert f"What was paid with {WORK} belongs to this account now" in grace.get("/account").text
    assert premium(grace) == OPEN
    assert bound(app) == [(GRACE, "claim")]
    assert waiting(app) == []


def test_the_mail_names_the_account_it_all_will_go_to_and_so_does_the_page(
    grace: Browser, paid: None, sandbox: Sandbox, work: Work
) -> None:
    asks(grace)
    work()
    mail = sandbox.mailbox.latest(to=WORK)
    for text in (mail.text, mail.html, grace.get("/claim").text):
        assert GRACE in text
        assert re.search(r"renewals and\s+its invoices", text)
    assert "give the code to nobody" in mail.text


def test_what_was_claimed_is_billed_to_the_account_ever_after(
    grace: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> None:
    asks(grace)
    work()
    enters(grace, code_for(sandbox, WORK))
    portal = grace.submit("/account", action="/billing/portal").location
    elsewhere.submit(portal, action=f"{portal}/cancel")
    work()
    with app.app_context():
        assert db.session.query(Grant).one().reason
    assert "nds on" in grace.get("/account").text


def test_a_visitor_signs_in_first_and_comes_back(visitor: Browser, app: Flask) -> None:
    opens_account(app, GRACE)
    answer = visitor.get("/claim")
    assert answer.location == "/login?next=/claim"
    there = visitor.submit(answer.location, action="/login", email=GRACE, password=PASSWORD)
    assert there.location == "/claim"


def test_a_visitor_without_an_account_joins_first_and_comes_back(
    visitor: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    page = visitor.follow(visitor.get("/claim"))
    assert 'href="/join?next=/claim"' in page.text
    visitor.get("/join?next=/claim")
    visitor.submit("/join", action="/subscribe", email=ADA)
    clock.passes(4 * MINUTE)  # the list is not set up: the code comes by our own mail
    work()
    work()
    joined = visitor.submit("/join", action="/join", code=code_for(sandbox, ADA), password=PASSWORD)
    assert joined.location == "/claim"
    asks(visitor)
    work()
    assert enters(visitor, code_for(sandbox, WORK)).location == "/account"
    assert bound(app) == [(ADA, "claim")]


def test_a_code_signs_nobody_in(
    grace: Browser, visitor: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work
) -> None:
    asks(grace)
    work()
    token = visitor.token_on("/login")
    typed = {"csrf_token": token, "email": WORK, "code": code_for(sandbox, WORK)}
    assert visitor.post("/claim", typed).location.startswith("/login")
    assert visitor.get("/account").location.startswith("/login")
    assert bound(app) == [(None, None)]


# Somebody else's address


def test_the_answer_is_the_same_for_every_address(
    grace: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """Nothing paid, paid and waiting, a member's, a member's who has paid: nobody can tell."""
    opens_account(app, ADA)
    pages, again = [], []
    for email in (WORK, "nobody@example.com", ADA, GRACE):
        answer = asks(grace, email)
        assert (answer.status_code, answer.location) == (HTTPStatus.SEE_OTHER, "/claim")
        page = grace.get("/claim").text.replace(email, "…").replace(GRACE, "…")
        pages.append(re.sub(r'name="csrf_token" value="[^"]+"', "", page))
        too_soon = asks(grace, email)
        again.append((too_soon.status_code, too_soon.headers["Retry-After"]))
    work()
    assert len(set(pages)) == len(set(again)) == 1
    assert again[0][0] == HTTPStatus.TOO_MANY_REQUESTS
    told_to = {mail.to for mail in sandbox.mailbox.messages if "code" in mail.subject}
    assert told_to == {WORK}


def test_the_page_for_joining_tells_nothing_of_a_claim(
    grace: Browser, visitor: Browser, paid: None, work: Work, clock: MovableClock
) -> None:
    """Whether something could be claimed at an address does not show where its owner would join."""
    pages = []
    for email in (WORK, "nobody@example.com"):
        visitor.get("/join?change=1")
        visitor.submit("/", action="/subscribe", email=email)
        work()
        clock.passes(5 * MINUTE)
        asks(grace, email)
        work()
        clock.passes(5 * MINUTE)
        page = visitor.get("/join").text.replace(email, "…")
        pages.append(re.sub(r'name="csrf_token" value="[^"]+"', "", page))
    assert pages[0] == pages[1]


@on_each_database
def test_five_wrong_codes_and_the_right_one_is_no_good(
    grace: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work
) -> None:
    asks(grace)
    work()
    code = code_for(sandbox, WORK)
    said = [enters(grace, not_(code)).text for _ in range(5)]
    assert "You have 4 tries left" in said[0]
    assert "cannot be used any more" in said[4]
    assert "cannot be used any more" in enters(grace, code).text
    assert bound(app) == [(None, None)]


def test_guessing_at_an_address_that_never_paid_looks_the_same(
    grace: Browser, paid: None, app: Flask
) -> None:
    asks(grace, "nobody@example.com")
    said = [enters(grace, "000000").text for _ in range(6)]
    assert "You have 4 tries left" in said[0]
    assert "cannot be used any more" in said[5]


def test_a_code_is_for_the_account_its_mail_names(
    grace: Browser, ada: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work
) -> None:
    """Ada has Grace's code read out to her: it gives the payment to Grace, or to nobody."""
    asks(grace)
    work()
    code = code_for(sandbox, WORK)
    token = ada.token_on("/claim")
    refused = ada.post("/claim", {"csrf_token": token, "email": WORK, "code": code})
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert bound(app) == [(None, None)]
    assert enters(grace, code).location == "/account"


def test_a_code_for_joining_claims_nothing_and_a_code_for_claiming_joins_nobody(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
) -> None:
    visitor.submit("/", action="/subscribe", email=WORK)
    clock.passes(4 * MINUTE)  # the list is not set up: the code comes by our own mail
    work()
    work()
    for_joining = code_for(sandbox, WORK)
    asks(grace)
    work()
    for_claiming = code_for(sandbox, WORK)
    assert for_joining != for_claiming
    assert enters(grace, for_joining).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    refused = visitor.submit("/join", action="/join", code=for_claiming, password=PASSWORD)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    with app.app_context():
        assert WORK not in set(db.session.scalars(select(User.email)))
    assert bound(app) == [(None, None)]


def test_codes_are_counted_with_all_others_of_the_address(
    grace: Browser, paid: None, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    """Ten a day, whoever asks, and at most one a minute."""
    for _ in range(15):
        asks(grace)
        work()
        clock.passes(20 * MINUTE)
    with_codes = [s for s in mails_to(sandbox, WORK) if "code" in s]
    assert len(with_codes) <= 10


def test_asking_again_sends_the_same_code(
    grace: Browser, paid: None, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    asks(grace)
    work()
    first = code_for(sandbox, WORK)
    clock.passes(2 * MINUTE)
    assert "Send it again" in grace.get("/claim").text
    assert asks(grace).status_code == HTTPStatus.SEE_OTHER
    work()
    assert code_for(sandbox, WORK) == first


def test_nobody_is_put_on_a_list_by_a_claim(grace: Browser, app: Flask, paid: None) -> None:
    asks(grace)
    with app.app_context():
        assert {send.channel for send in db.session.query(CodeSend)} == {"smtp"}
        assert WORK not in set(db.session.scalars(select(Subscriber.email)))


@pytest.mark.parametrize("typed", ["", "grace", "grace@", "a@b.example\r\nBcc: eve@example.com"])
def test_what_is_no_address_is_refused(
    grace: Browser, sandbox: Sandbox, paid: None, work: Work, typed: str
) -> None:
    refused = asks(grace, typed)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "There is a problem" in refused.text
    work()
    assert not any("code" in mail.subject for mail in sandbox.mailbox.messages)


# What is somebody's already


@pytest.mark.parametrize("with_address", [ADA, WORK])
def test_what_is_bound_cannot_be_claimed(
    grace: Browser,
    ada: Browser,
    app: Flask,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    link: str,
    work: Work,
    with_address: str,
) -> None:
    """Ada's own payment, and one of hers whose paying address Grace can read mail at."""
    pays(elsewhere, chooses(ada, app))
    pays_by_link(elsewhere, link, WORK)
    work()
    app.test_cli_runner().invoke(args=["billing", "bind", payer_key(app), ADA])
    asks(grace, with_address)
    work()
    assert not any("code" in subject for subject in mails_to(sandbox, with_address))
    assert sorted(bound(app)) == [(ADA, "checkout"), (ADA, "owner")]


@on_each_database
def test_bound_between_the_asking_and_the_code_it_stays_where_it_is(
    grace: Browser, ada: Browser, app: Flask, paid: None, sandbox: Sandbox, work: Work
) -> None:
    asks(grace)
    work()
    app.test_cli_runner().invoke(args=["billing", "bind", payer_key(app), ADA])
    answer = enters(grace, code_for(sandbox, WORK))
    assert "is waiting to be claimed any more" in grace.follow(answer).text
    assert bound(app) == [(ADA, "owner")]
    assert premium(grace) == SHUT


@on_each_database
def test_two_members_who_both_read_that_mailbox_claim_it_at_once(
    grace: Browser,
    app: Flask,
    browser: Callable[[], Browser],
    paid: None,
    sandbox: Sandbox,
    work: Work,
    clock: MovableClock,
) -> None:
    """It is one's or the other's, whole."""
    opens_account(app, ADA)
    ada = signs_in(browser(), ADA)
    codes = []
    for member in (grace, ada):
        asks(member)
        work()
        codes.append(code_for(sandbox, WORK))
        clock.passes(2 * MINUTE)
    tokens = [member.token_on("/claim") for member in (grace, ada)]

    def claims(member: Browser, token: str, code: str) -> int:
        typed = {"csrf_token": token, "email": WORK, "code": code}
        return member.post("/claim", typed).status_code

    both = zip((grace, ada), tokens, codes, strict=True)
    assert at_once(*(partial(claims, *each) for each in both)) == [303, 303]
    assert sorted([premium(grace), premium(ada)]) == [OPEN, SHUT]
    assert told(app, "billing.bound") == 1
    with app.app_context():
        owner = db.session.scalars(select(Customer.user_id)).one()
        assert {grant.user_id for grant in db.session.query(Grant)} == {owner}


@on_each_database
def test_what_the_owner_took_away_can_be_claimed_by_proving_the_address(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, GRACE)
    work()
    with app.app_context():
        key = db.session.scalars(select(Customer.stripe_id)).one()
    app.test_cli_runner().invoke(args=["billing", "unbind", key])
    assert (premium(grace), waiting(app)) == (SHUT, [(GRACE, Reason.OWNER)])
    asks(grace, GRACE)
    work()
    assert code_in(sandbox.mailbox.latest(to=GRACE).subject)
    enters(grace, code_for(sandbox, GRACE))
    assert (premium(grace), bound(app)) == (OPEN, [(GRACE, "claim")])


def test_everything_paid_with_the_address_is_claimed_at_once(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, WORK)
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), WORK)
    work()
    asks(grace)
    work()
    enters(grace, code_for(sandbox, WORK))
    assert sorted(bound(app)) == [(GRACE, "claim"), (GRACE, "claim")]
    account = grace.get("/account").text
    assert "What you bought" in account
