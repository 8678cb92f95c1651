"""Hugo, who has no account: to his page by a link, out and back in, elsewhere, and gone."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from flask import Flask
from sqlalchemy import select

from membership import clock as clocks
from membership.accounts.models import User
from membership.billing import unclaimed
from membership.db import db, transaction
from membership.newsletter.consents import Act, Place, Proof
from membership.newsletter.models import CodeSend, SendState, Subscriber
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.leaving import places
from tests.support.mail import Work, code_for, mails_to
from tests.support.mailerlite_has import listed, set_up
from tests.support.people import GRACE, PASSWORD, signs_in
from tests.support.readers import HUGO, consents_of, link_for, opens_page, subscribes

NEW = "hugo.reads@example.com"
YOURS = "/newsletter/yours"
NewBrowser = Callable[[], Browser]


def row(app: Flask, email: str) -> Subscriber | None:
    with app.app_context():
        return db.session.scalars(select(Subscriber).where(Subscriber.email == email)).first()


def moves(reader: Browser, sandbox: Sandbox, work: Work, email: str = NEW) -> None:
    reader.submit(f"{YOURS}/address", action=f"{YOURS}/address", email=email)
    work()
    path = f"{YOURS}/address"
    answer = reader.submit(path, action=f"{path}/code", code=code_for(sandbox, email))
    assert answer.location == YOURS, answer.text
    work()


# The way there


def test_the_foot_of_every_page_leads_there(visitor: Browser) -> None:
    assert 'href="/newsletter"' in visitor.get("/").text


def test_a_link_opens_a_page_that_says_everything(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    page = opens_page(visitor, sandbox, work)
    for told in (HUGO, "The newsletter goes to", "home page", "What we hold about you", "History"):
        assert told in page


def test_looking_at_the_link_spends_nothing_and_using_it_does(
    visitor: Browser, browser: NewBrowser, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    visitor.submit("/newsletter", action="/newsletter", email=HUGO)
    work()
    path = link_for(sandbox)
    for scanner in (browser(), browser()):
        answer = scanner.get(path)
        assert answer.status_code == HTTPStatus.OK
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert scanner.get(YOURS).status_code == HTTPStatus.SEE_OTHER
    phone = browser()  # another than the one in which it was asked for
    token = phone.token_on(path)
    assert phone.submit(path, action=path).location == YOURS
    assert browser().get(path).status_code == HTTPStatus.GONE
    assert phone.post(path, {"csrf_token": token}).status_code == HTTPStatus.GONE


def test_only_the_newest_link_works_and_for_an_hour(
    visitor: Browser, browser: NewBrowser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    subscribes(visitor, sandbox, work)
    links = []
    for _ in range(2):
        visitor.submit("/newsletter", action="/newsletter", email=HUGO)
        work()
        links.append(link_for(sandbox))
    old, new = links
    assert browser().get(old).status_code == HTTPStatus.GONE
    assert browser().get(new).status_code == HTTPStatus.OK
    clock.passes(timedelta(minutes=61))
    assert browser().get(new).status_code == HTTPStatus.GONE


def test_the_page_closes_after_half_an_hour_and_by_hand(
    visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    clock.passes(timedelta(minutes=29))
    assert visitor.get(YOURS).status_code == HTTPStatus.OK
    clock.passes(timedelta(minutes=2))
    assert visitor.get(YOURS).location == "/newsletter"
    clock.passes(timedelta(minutes=30))
    opens_page(visitor, sandbox, work)
    visitor.submit(YOURS, action=f"{YOURS}/close")
    assert visitor.get(YOURS).location == "/newsletter"


def test_the_answer_is_the_same_for_every_address_and_so_is_the_limit(
    visitor: Browser, browser: NewBrowser, grace: Browser, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    said = set()
    for email in (HUGO, GRACE, "nobody@example.com"):
        stranger = browser()
        answers = [
            stranger.submit("/newsletter", action="/newsletter", email=email) for _ in range(6)
        ]
        pages = [(a.status_code, stranger.follow(a).text.replace(email, "")) for a in answers]
        said.add(tuple((status, "letters of ours go there" in page) for status, page in pages))
    (alike,) = said
    assert [status for status, _ in alike] == [HTTPStatus.SEE_OTHER] * 5 + [
        HTTPStatus.TOO_MANY_REQUESTS
    ]
    work()
    told = sandbox.mailbox.latest(to="nobody@example.com").text
    assert "nothing is held here" in told
    assert "/newsletter/link/" not in told
    assert len(mails_to(sandbox, "nobody@example.com")) == 5


# Out, and back in


@on_each_database
def test_one_press_stops_the_letters_and_one_brings_them_back(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    page = visitor.follow(visitor.submit(YOURS, action=f"{YOURS}/stop")).text
    assert "No more letters will come" in page
    assert "Send me the letters again" in page
    work()
    there = listed(sandbox, HUGO)
    assert there is None or there.status == "unsubscribed"
    page = visitor.follow(visitor.submit(YOURS, action=f"{YOURS}/start")).text
    assert "The newsletter goes to" in page
    work()
    there = listed(sandbox, HUGO)
    assert there
    assert there.status == "active"
    said = [(row.act, row.place, row.proof) for row in consents_of(app, HUGO)]
    assert said[1:] == [
        (Act.WITHDREW, Place.NEWSLETTER, None),
        (Act.AGREED, Place.NEWSLETTER, Proof.LINK),
    ]


# Elsewhere


@on_each_database
def test_the_letters_move_with_what_was_agreed_to_and_the_old_address_is_told(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    moves(visitor, sandbox, work)
    assert row(app, HUGO) is None
    assert mails_to(sandbox, HUGO)[-1] == "Your letters from Latchkey go to another address"
    assert NEW not in sandbox.mailbox.latest(to=HUGO).text
    assert listed(sandbox, HUGO) is None
    there = listed(sandbox, NEW)
    assert there
    assert (there.status, there.groups) == ("active", {"Free"})
    agreed, moved = consents_of(app, NEW)
    assert (agreed.place, agreed.proof) == (Place.HOME, Proof.CODE)
    assert (moved.act, moved.was) == (Act.MOVED, HUGO)
    yours = visitor.get(YOURS).text
    assert HUGO in yours
    assert "A code was asked for" in yours  # while the old address was his


def test_without_the_code_nothing_moves(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    path = f"{YOURS}/address"
    visitor.submit(path, action=path, email=NEW)
    for code in ("000000", "111111"):
        answer = visitor.submit(path, action=f"{path}/code", code=code)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert row(app, HUGO)
    assert row(app, NEW) is None


def test_what_became_of_the_code_is_known_as_soon_as_its_mail_has_left(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    visitor.submit(f"{YOURS}/address", action=f"{YOURS}/address", email=NEW)
    work()
    with app.app_context():
        send = db.session.scalars(select(CodeSend).where(CodeSend.email == NEW)).one()
        assert (send.state, send.due_at) == (SendState.SENT, None)


def test_letters_that_move_to_a_members_address_open_nothing_of_hers(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work, grace: Browser
) -> None:
    """It was her who read the code: she gets the letters, and signs in for the rest."""
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    moves(visitor, sandbox, work, GRACE)
    page = visitor.get(YOURS).text
    assert "You have an account" in page
    assert "What we hold about you" not in page
    hers = row(app, GRACE)
    assert hers
    assert hers.has_account
    assert hers.wants_letters


def test_a_link_to_a_members_address_does_nothing_to_her_account(
    browser: NewBrowser, app: Flask, sandbox: Sandbox, work: Work, grace: Browser
) -> None:
    """Whoever reads her mail may stop her letters, and no more than that."""
    thief = browser()
    assert "You have an account" in opens_page(thief, sandbox, work, GRACE)
    token = {"csrf_token": thief.token_on(YOURS)}
    assert thief.post(f"{YOURS}/account", token).location == "/login"
    thief.post("/join", {**token, "password": "the thief has chosen this"})
    thief.post(f"{YOURS}/address", {**token, "email": NEW})
    thief.post(f"{YOURS}/forget", {**token, "sure": "y"})
    work()
    assert mails_to(sandbox, NEW) == []
    hers = row(app, GRACE)
    assert hers
    assert hers.has_account
    signs_in(browser(), GRACE)
    assert grace.get("/account").status_code == HTTPStatus.OK


# An account later


def test_an_account_takes_only_a_password_and_leaves_the_letters_as_they_are(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    visitor.submit(YOURS, action=f"{YOURS}/stop")
    answer = visitor.submit(YOURS, action=f"{YOURS}/account")
    assert answer.location == "/join"
    assert visitor.submit("/join", action="/join", password=PASSWORD).location == "/plans"
    with app.app_context():
        assert db.session.scalars(select(User.email)).all() == [HUGO]
    his = row(app, HUGO)
    assert his
    assert (his.has_account, his.wants_letters) == (True, False)


# Gone


@on_each_database
def test_whoever_is_forgotten_is_nowhere_to_be_found(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    set_up(app)
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    moves(visitor, sandbox, work)
    path = f"{YOURS}/forget"
    assert visitor.submit(path, action=path).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert places(app, HUGO, NEW)
    answer = visitor.submit(path, action=path, sure="y")
    page = visitor.follow(answer).text
    assert "You are forgotten" in page
    assert "for three years" in page
    work()
    work()
    assert places(app, HUGO, NEW, "hugo") == set()
    assert listed(sandbox, NEW) is None
    assert mails_to(sandbox, NEW)[-1] == "Latchkey has forgotten you"
    assert visitor.get(YOURS).location == "/newsletter"
    assert "You are forgotten" in visitor.get("/newsletter/forgotten").text


def test_a_copy_of_the_cookie_opens_nothing_once_its_owner_is_forgotten(
    visitor: Browser, browser: NewBrowser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    cookie = visitor.client.get_cookie("session", domain="127.0.0.1")
    assert cookie
    visitor.submit(f"{YOURS}/forget", action=f"{YOURS}/forget", sure="y")
    assert row(app, HUGO)  # until MailerLite has forgotten him
    thief = browser()
    thief.client.set_cookie("session", cookie.value, domain="127.0.0.1")
    assert thief.get(YOURS).location == "/newsletter"


def test_a_payment_that_is_nobodys_stays_and_they_are_told_before(
    visitor: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    subscribes(visitor, sandbox, work)
    opens_page(visitor, sandbox, work)
    path = f"{YOURS}/forget"
    assert "A payment was made with this address" not in visitor.get(path).text
    with app.app_context(), transaction() as session:
        unclaimed.keep(session, "cus_1", HUGO, unclaimed.Reason.NOBODY, now=clocks.now())
    assert "A payment was made with this address" in visitor.get(path).text
    visitor.submit(path, action=path, sure="y")
    work()
    assert places(app, HUGO) == {"unclaimed_payments.email"}


def test_others_are_as_they_were(
    visitor: Browser, browser: NewBrowser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    other, theirs = browser(), "iris@example.com"
    subscribes(other, sandbox, work, theirs)
    subscribes(visitor, sandbox, work)
    before = places(app, theirs)
    opens_page(visitor, sandbox, work)
    visitor.submit(f"{YOURS}/forget", action=f"{YOURS}/forget", sure="y")
    work()
    assert places(app, theirs) == before
