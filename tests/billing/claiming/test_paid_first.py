"""Somebody pays before having an account: a letter leads them in, and joining opens the door."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import select

from membership.billing.claiming import way_in
from membership.db import db
from membership.newsletter import subscribers
from membership.newsletter.models import CodeSend
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.forms import form_on
from tests.support.links import bound, payer_key, payment_link, pays_by_link, told
from tests.support.mail import Work, code_for, mails_to
from tests.support.mailerlite_has import listed, set_up
from tests.support.paying import ask_stripe, copy_catalogue, newest_at_stripe
from tests.support.people import GRACE, PASSWORD, opens_account, signs_in
from tests.support.readers import HUGO, consents_of
from tests.support.settings import settings

OPEN = HTTPStatus.OK
ALAN = "alan@example.com"
LETTER = "Your payment to Latchkey: one step to open it"
pytestmark = pytest.mark.usefixtures("listening")


@pytest.fixture
def link(app: Flask, sandbox: Sandbox) -> str:
    copy_catalogue(app)
    return payment_link(app, sandbox)


@pytest.fixture
def paid(elsewhere: Elsewhere, link: str, work: Work) -> None:
    """Alan has paid by link, has no account, and the post has come."""
    pays_by_link(elsewhere, link, ALAN)
    work()
    work()


def way_in_of(sandbox: Sandbox, site_url: str) -> str:
    """The path the letter leads to."""
    found = re.search(rf"{re.escape(site_url)}(/join/\S+)", sandbox.mailbox.latest(to=ALAN).text)
    assert found
    return found[1]


@on_each_database
def test_from_the_letter_to_an_open_door(
    visitor: Browser, app: Flask, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    assert mails_to(sandbox, ALAN) == [LETTER]
    page = way_in_of(sandbox, site_url)
    assert visitor.submit(page, action=page).location == "/join"
    assert ALAN in visitor.get("/join").text
    work()
    code = code_for(sandbox, ALAN)
    answer = visitor.submit("/join", action="/join", code=code, password=PASSWORD)
    arrived = visitor.follow(answer)
    assert "We found a payment" in arrived.text
    assert "Your account" in arrived.text  # and nothing to buy
    assert visitor.get("/premium").status_code == OPEN
    assert bound(app) == [(ALAN, "email")]


def test_without_a_look_at_the_plans_the_door_opens_just_so(
    visitor: Browser, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, ALAN), password=PASSWORD)
    assert visitor.get("/premium").status_code == OPEN


def test_opening_the_link_sends_nothing(
    visitor: Browser, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    """Mail scanners open every link first."""
    for _ in range(3):
        answer = visitor.get(way_in_of(sandbox, site_url))
        assert answer.status_code == OPEN
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    work()
    assert mails_to(sandbox, ALAN) == [LETTER]


def test_the_code_comes_by_our_own_mail_and_nobody_is_put_on_a_list(
    visitor: Browser, app: Flask, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    set_up(app)
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    work()
    assert len(mails_to(sandbox, ALAN)) == 2
    assert listed(sandbox, ALAN) is None
    with app.app_context():
        assert list(db.session.scalars(select(CodeSend.channel))) == ["smtp"]


@pytest.mark.parametrize("again", [False, True])
def test_who_asks_for_the_letters_in_another_window_has_asked_for_that_address_alone(
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    site_url: str,
    work: Work,
    clock: MovableClock,
    again: bool,
) -> None:
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    window = visitor.get("/join").text
    visitor.submit("/", action="/subscribe", email=HUGO)
    clock.passes(timedelta(minutes=2))
    if again:
        visitor.post(
            "/join/resend", form_on(window, path="/join", action="/join/resend").filled({})
        )
    work()
    code = {"code": code_for(sandbox, ALAN)}
    visitor.post("/join", form_on(window, path="/join", action="/join").filled(code))
    assert "the account that your payment belongs to" in visitor.get("/join").text
    visitor.submit("/join", action="/join", password=PASSWORD)
    assert visitor.get("/premium").status_code == OPEN
    with app.app_context():
        assert not subscribers.gets_letters(db.session(), ALAN)
    assert consents_of(app, ALAN) == []


def test_a_stranger_cannot_have_the_letters_come_along_with_the_way_in(
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    site_url: str,
    work: Work,
    clock: MovableClock,
) -> None:
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    clock.passes(timedelta(minutes=2))
    Browser(app, site_url).submit("/", action="/subscribe", email=ALAN)
    work()
    link = way_in_of(sandbox, site_url)  # beside the code
    assert "The letters will come" not in visitor.get(link).text
    visitor.submit(link, action=link)
    visitor.submit("/join", action="/join", password=PASSWORD)
    assert visitor.get("/premium").status_code == OPEN
    with app.app_context():
        assert not subscribers.gets_letters(db.session(), ALAN)
    assert [row.proven_at for row in consents_of(app, ALAN)] == [None]


def test_a_stranger_who_has_it_sent_again_is_not_told_what_it_was_asked_for(
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    site_url: str,
    work: Work,
    clock: MovableClock,
) -> None:
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    clock.passes(timedelta(minutes=2))
    stranger = Browser(app, site_url)
    again = {"csrf_token": stranger.token_on("/"), "email": ALAN}
    assert stranger.post("/join/resend", again).location == "/join"
    assert "leave it empty for the newsletter alone" in stranger.get("/join").text
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, ALAN), password=PASSWORD)
    with app.app_context():
        assert not subscribers.gets_letters(db.session(), ALAN)


def test_a_minute_between_two_codes(
    visitor: Browser, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    assert visitor.submit(page, action=page).status_code == HTTPStatus.TOO_MANY_REQUESTS
    work()
    assert len(mails_to(sandbox, ALAN)) == 2


def test_one_letter_for_a_payment_however_often_stripe_tells(
    app: Flask, paid: None, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    key = payer_key(app)
    for name in ("Alan", "Alan T", "Alan M T"):
        ask_stripe(sandbox, f"customers/{key}", {"name": name})
        work()
        clock.passes(timedelta(days=3))
    work()
    assert mails_to(sandbox, ALAN) == [LETTER]
    assert told(app, "billing.unclaimed") == 1


def test_one_letter_a_day_for_an_address(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work, clock: MovableClock
) -> None:
    """Free links must not fill anybody's mailbox; joining opens all that the address paid."""
    for _ in range(4):
        pays_by_link(elsewhere, link, ALAN)
    work()
    work()
    assert mails_to(sandbox, ALAN) == [LETTER]
    clock.passes(timedelta(days=1, minutes=1))
    pays_by_link(elsewhere, link, ALAN)
    work()
    work()
    assert mails_to(sandbox, ALAN) == [LETTER, LETTER]


def test_a_member_who_pays_by_link_gets_no_such_letter(
    grace: Browser, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, GRACE)
    work()
    work()
    assert mails_to(sandbox, GRACE) == ["We received your payment of €5.00"]


def test_who_joined_before_the_letter_left_gets_none(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, ALAN)
    work()
    opens_account(app, ALAN)
    work()
    assert mails_to(sandbox, ALAN) == []


def test_what_opens_nothing_yet_is_not_written_about(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    """A subscription that has ended before we ever heard of it: the owner sees it, nobody else."""
    sandbox.webhooks_paused = True
    pays_by_link(elsewhere, link, ALAN)
    made = newest_at_stripe(sandbox, "subscriptions")
    ask_stripe(sandbox, f"subscriptions/{made}", method="DELETE")
    sandbox.webhooks_paused = False
    work()
    work()
    assert mails_to(sandbox, ALAN) == []
    assert payer_key(app).startswith("cus_")


def test_the_link_of_a_payment_that_has_found_its_member_leads_to_signing_in(
    visitor: Browser, app: Flask, paid: None, sandbox: Sandbox, site_url: str, work: Work
) -> None:
    page = way_in_of(sandbox, site_url)
    opens_account(app, ALAN)
    work()
    work()
    assert visitor.get(page).location == "/login"
    assert "has found its account" in visitor.get("/login").text
    before = len(mails_to(sandbox, ALAN))
    token = visitor.token_on("/login")
    assert visitor.post(page, {"csrf_token": token}).location == "/login"
    work()
    assert len(mails_to(sandbox, ALAN)) == before


def test_a_member_who_opens_the_link_is_led_to_claiming(
    grace: Browser, paid: None, sandbox: Sandbox, site_url: str
) -> None:
    assert grace.get(way_in_of(sandbox, site_url)).location == "/claim"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_we_did_not_sign_is_no_page(
    visitor: Browser, app: Flask, paid: None, method: str
) -> None:
    key = payer_key(app)
    ours = way_in.make(settings()["SECRET_KEY"], key)
    token = visitor.token_on("/login")
    forged = [key, f"{key}.", ours[:-1], ours.replace("cus_", "cus_x"), "é.é"]
    for path in (f"/join/paid/{token_}" for token_ in forged):
        answer = visitor.get(path) if method == "GET" else visitor.post(path, {"csrf_token": token})
        assert answer.status_code == HTTPStatus.NOT_FOUND, path


def test_the_link_opens_when_the_secret_key_was_changed_meanwhile(
    app: Flask, paid: None, site_url: str, make_app: Callable[..., Flask]
) -> None:
    old, new = "k" * 32, "n" * 32
    path = f"/join/paid/{way_in.make(old, payer_key(app))}"
    leaked = Browser(make_app(SECRET_KEY=new), site_url)
    assert leaked.get(path).status_code == HTTPStatus.NOT_FOUND
    changed = Browser(make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=old), site_url)
    assert changed.get(path).status_code == HTTPStatus.OK


def test_a_payer_who_mistyped_breaks_nothing_and_the_owner_sees_it(
    grace: Browser, app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work
) -> None:
    pays_by_link(elsewhere, link, "grace@exampel.com")
    work()
    work()
    assert grace.get("/plans").status_code == OPEN
    said = app.test_cli_runner().invoke(args=["billing", "unclaimed"]).output
    assert "grace@exampel.com" in said
    assert "no member has the address it was paid with" in said
    assert "the payer was written to on" in said
    assert f"perhaps of: {GRACE}" in said


def test_a_guests_one_off_is_written_about_too(
    app: Flask,
    browser: Callable[[], Browser],
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    link: str,
    work: Work,
) -> None:
    pays_by_link(elsewhere, payment_link(app, sandbox, "guide"), ALAN)
    work()
    work()
    assert mails_to(sandbox, ALAN) == [LETTER]
    assert payer_key(app).startswith("cs_")
    opens_account(app, ALAN)
    assert signs_in(browser(), ALAN).get("/premium").status_code == OPEN


def test_a_delayed_payment_is_nothing_until_it_has_come(
    app: Flask, elsewhere: Elsewhere, sandbox: Sandbox, link: str, work: Work, clock: MovableClock
) -> None:
    guide = payment_link(app, sandbox, "guide")
    pays_by_link(elsewhere, guide, ALAN, card="DE89370400440532013000")
    work()
    work()
    assert mails_to(sandbox, ALAN) == []
    assert told(app, "billing.unclaimed") == 0
    sandbox.clock.advance(4 * 24 * 3600)
    clock.passes(timedelta(days=4))
    work()
    work()
    assert mails_to(sandbox, ALAN) == [LETTER]


@pytest.mark.parametrize("ticked", [False, True])
def test_a_payer_is_put_on_the_list_only_if_they_ask_for_it(
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    site_url: str,
    work: Work,
    clock: MovableClock,
    ticked: bool,
) -> None:
    set_up(app)
    page = way_in_of(sandbox, site_url)
    visitor.submit(page, action=page)
    clock.passes(timedelta(minutes=2))
    visitor.submit("/join", action="/join/resend")  # by our own mail again, not by the list's
    work()
    assert listed(sandbox, ALAN) is None
    typed = {"code": code_for(sandbox, ALAN), "password": PASSWORD}
    if ticked:
        typed["letters"] = "y"
    visitor.submit("/join", action="/join", having=None, **typed)
    work()
    assert (listed(sandbox, ALAN) is not None) == ticked
    told = f"The newsletter goes to {ALAN}." if ticked else "You are not on the newsletter."
    assert told in visitor.get("/account").text


def test_a_payer_who_reads_the_letters_already_goes_on_reading_them(
    visitor: Browser,
    app: Flask,
    paid: None,
    sandbox: Sandbox,
    site_url: str,
    work: Work,
    clock: MovableClock,
) -> None:
    set_up(app)
    page = way_in_of(sandbox, site_url)
    visitor.submit("/", action="/subscribe", email=ALAN)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, ALAN))
    work()
    assert listed(sandbox, ALAN) is not None
    clock.passes(timedelta(minutes=40))
    visitor.submit(page, action=page)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, ALAN), password=PASSWORD)
    work()
    assert listed(sandbox, ALAN) is not None
