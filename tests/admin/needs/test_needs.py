"""What needs the owner: on the desk, over every page while it is bad, and in one mail."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from sqlalchemy import update

from membership.accounts.models import User
from membership.admin.needs.known import ACCOUNT, needs
from membership.admin.needs.machine import TITLES
from membership.admin.needs.need import Severity
from membership.billing.repair import reconcile
from membership.billing.repair.findings import Finding, Kind, Reconciliation, State
from membership.config import ROOT
from membership.db import changed, transaction
from membership.inbox import InboxEvent
from membership.outbox import OutboxMessage
from membership.smtp import Refusal
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import mails_to
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import GRACE, OLIVE, opens_account
from tests.support.stripe_signs import body, event, signature
from tests.support.watched_stripe import watched
from tests.support.working import works

HOUR = timedelta(hours=1)


def named(app: Flask) -> dict[str, Severity]:
    with app.test_request_context():
        return {need.name: need.severity for need in needs()}


@pytest.fixture
def watch(app: Flask, owner: Browser) -> Callable[[], None]:
    """The worker looks, and the mail that follows is sent."""

    def look() -> None:
        with app.app_context():
            works(app)
            app.extensions["jobs"].kinds["outbox"]()

    return look


def letters(sandbox: Sandbox) -> list[str]:
    return [subject for subject in mails_to(sandbox, OLIVE) if "is your" not in subject]


def gives_up(app: Flask, clock: MovableClock, number: int) -> None:
    """An event that nobody can work on."""
    with app.app_context(), transaction() as session:
        session.add(
            InboxEvent(
                source="stripe",
                event_id=f"evt_{number}",
                type="invoice.paid",
                subject="cus_1",
                body="{}",
                received_at=clock(),
                attempts=9,
                given_up_at=clock(),
            )
        )


def is_mended(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        changed(session, update(InboxEvent).values(given_up_at=None, done_at=clock()))


def alive(app: Flask) -> None:
    """A worker is there, and has done what was due."""
    works(app)


def test_when_all_is_well_nothing_is_said(
    owner: Browser, app: Flask, sandbox: Sandbox, watch: Callable[[], None]
) -> None:
    alive(app)
    watch()
    assert named(app) == {}
    assert 'class="alarm"' not in owner.get("/").text
    assert letters(sandbox) == []


@on_each_database
def test_a_need_is_mailed_once_and_stands_over_every_page_of_the_owner(
    owner: Browser,
    grace: Browser,
    visitor: Browser,
    app: Flask,
    sandbox: Sandbox,
    clock: MovableClock,
    watch: Callable[[], None],
) -> None:
    alive(app)
    gives_up(app, clock, 1)
    for _ in range(3):
        clock.passes(timedelta(minutes=40))
        watch()
    assert letters(sandbox) == ["1 event is no longer tried · Latchkey"]
    mail = sandbox.mailbox.latest(to=OLIVE)
    assert "/admin/events" in mail.text
    assert "/admin" in mail.html
    for page in ("/", "/posts", "/account", "/admin/payments", "/nowhere"):
        assert "1 event is no longer tried" in owner.get(page).text, page
        for other in (grace, visitor):
            assert "no longer tried" not in other.get(page).text
    is_mended(app, clock)
    watch()
    assert 'class="alarm"' not in owner.get("/").text
    assert len(letters(sandbox)) == 1


@on_each_database
def test_at_most_one_mail_an_hour_and_then_with_all_that_is_new(
    app: Flask, sandbox: Sandbox, clock: MovableClock, watch: Callable[[], None]
) -> None:
    alive(app)
    gives_up(app, clock, 1)
    watch()
    clock.passes(timedelta(minutes=30))
    gives_up(app, clock, 2)
    refuses(app)
    watch()
    assert len(letters(sandbox)) == 1
    clock.passes(timedelta(minutes=31))
    watch()
    assert letters(sandbox)[1:] == ["2 things need you · Latchkey"]
    text = sandbox.mailbox.latest(to=OLIVE).text
    assert "2 events are no longer tried" in text
    assert "A webhook was refused" in text


def refuses(app: Flask) -> None:
    raw = body(event())
    header = {"Stripe-Signature": signature(raw, secret="whsec_of_another")}
    assert app.test_client().post("/webhooks/stripe", data=raw, headers=header).status_code == 400


def test_what_comes_back_is_mailed_again_and_what_only_flickers_is_not(
    app: Flask, sandbox: Sandbox, clock: MovableClock, watch: Callable[[], None]
) -> None:
    def silent_then_back(gap: timedelta) -> None:
        with app.app_context(), transaction() as session:
            changed(session, update(Reconciliation).values(error=None))
        watch()
        clock.passes(gap)
        with app.app_context(), transaction() as session:
            changed(session, update(Reconciliation).values(error="half a list"))
        alive(app)
        watch()

    morning = clock().replace(hour=reconcile.HOUR + 1)
    clock.passes((morning - clock()) % timedelta(days=1))  # or a night's comparison comes between
    with app.app_context(), transaction() as session:
        session.add(Reconciliation(error="half a list", ended_at=clock(), looked_at=0))
    watch()
    clock.passes(2 * HOUR)
    alive(app)
    silent_then_back(timedelta(minutes=5))
    assert len(letters(sandbox)) == 1
    silent_then_back(HOUR)
    assert len(letters(sandbox)) == 2


@on_each_database
def test_the_brake_and_what_the_comparison_left(
    app: Flask, sandbox: Sandbox, clock: MovableClock, watch: Callable[[], None]
) -> None:
    with app.app_context(), transaction() as session:
        run = Reconciliation(braked=True, closing=40, live_grants=90, ended_at=clock())
        session.add(run)
    alive(app)
    watch()
    assert named(app)["comparison-brake"] is Severity.NOW
    assert letters(sandbox) == ["The comparison with Stripe was stopped · Latchkey"]
    assert "40 of 90 grants" in sandbox.mailbox.latest(to=OLIVE).text
    clock.passes(timedelta(minutes=1))
    with app.app_context(), transaction() as session:
        later = Reconciliation(ended_at=clock())
        session.add(later)
        session.flush()
        asked = {"run_id": later.id, "because": "?", "state": State.ASKED}
        session.add(Finding(key="cus_1", kind=Kind.UNMATCHED, **asked))
    assert "comparison-left" not in named(app)  # it is among the payments
    with app.app_context(), transaction() as session:
        session.add(Finding(key="cus_2", kind=None, reason="no such customer", **asked))
    assert named(app)["comparison-left"] is Severity.SOON


@pytest.fixture
def moved(make_app: MakeApp, sandbox: Sandbox, app: Flask) -> Iterator[Flask]:
    """The site after somebody has put the key of another account into .env."""
    alive(app)
    with watched(sandbox.stripe_base) as door:
        door.account = "acct_of_somebody_else"
        yield make_app(STRIPE_API_BASE=door.url)


def test_the_key_of_another_account_is_mailed_and_stands_until_it_is_put_right(
    owner: Browser, app: Flask, moved: Flask, sandbox: Sandbox
) -> None:
    alive(moved)
    alive(moved)
    assert letters(sandbox) == ["The Stripe key is of another account · Latchkey"]
    assert "acct_of_somebody_else" in sandbox.mailbox.latest(to=OLIVE).text
    assert "The Stripe key is of another account" in owner.get("/").text
    alive(app)  # restarted with the right one
    assert "The Stripe key is of another account" not in owner.get("/").text


@pytest.mark.usefixtures("listening")
def test_who_paid_first_has_an_hour_to_come_by_themselves(
    owner: Browser,
    app: Flask,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    clock: MovableClock,
    work: Callable[[], None],
) -> None:
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox), "stranger@example.com")
    work()
    assert named(app) == {"payers-to-join": Severity.LATER}
    clock.passes(HOUR + timedelta(minutes=1))
    work()
    work()  # the mail is sent a moment after
    assert named(app) == {"unclaimed-payments": Severity.NOW}
    assert letters(sandbox) == ["1 payment has not found a member · Latchkey"]
    opens_account(app, "stranger@example.com")
    work()
    assert named(app) == {}
    assert 'class="alarm"' not in owner.get("/").text


@pytest.mark.usefixtures("listening")
def test_a_member_who_pays_twice(
    app: Flask,
    grace: Browser,
    sandbox: Sandbox,
    elsewhere: Elsewhere,
    work: Callable[[], None],
    owner: Browser,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    pays_by_link(elsewhere, payment_link(app, sandbox, "yearly"), GRACE)
    work()
    assert named(app) == {"pays-twice": Severity.SOON}
    assert letters(sandbox) == []  # they were told in the minute's look before the second
    work()
    assert letters(sandbox) == ["1 member has two subscriptions · Latchkey"]


def test_a_worker_that_is_silent_is_said_over_every_page(
    owner: Browser, app: Flask, clock: MovableClock
) -> None:
    alive(app)
    assert 'class="alarm"' not in owner.get("/").text
    clock.passes(timedelta(minutes=4))
    assert "The worker is silent" in owner.get("/").text
    assert named(app)["worker"] is Severity.NOW
    alive(app)
    assert 'class="alarm"' not in owner.get("/").text


def test_mail_that_does_not_leave_and_mail_that_is_refused(
    app: Flask, clock: MovableClock, owner: Browser
) -> None:
    alive(app)
    with app.app_context(), transaction() as session:
        mail = {"recipient": "a@example.com", "params": {}, "created_at": clock()}
        for n in range(3):
            session.add(OutboxMessage(kind="code", message_id=f"r{n}", refused_at=clock(), **mail))
        later = clock() + timedelta(minutes=30)
        session.add(OutboxMessage(kind="code", message_id="s", due_at=later, attempts=5, **mail))
    assert named(app) == {"mail-stuck": Severity.NOW, "mail-refused": Severity.SOON}
    assert "The addresses do not exist" in sentence(app, "mail-refused")
    with app.app_context(), transaction() as session:
        about_us = update(OutboxMessage).where(OutboxMessage.message_id == "r0")
        changed(session, about_us.values(refusal=Refusal.LETTER))
    assert "SPF, DKIM and DMARC" in sentence(app, "mail-refused")


def sentence(app: Flask, name: str) -> str:
    with app.test_request_context():
        return next(need.sentence for need in needs() if need.name == name)


def test_settings_that_a_site_should_not_run_with(make_app: MakeApp) -> None:
    app = make_app(STRIPE_WEBHOOK_SECRET="", SITE_URL="https://letters.example")
    found = named(app)
    assert found["webhook-secret"] is Severity.NOW
    assert found["proxies"] is Severity.SOON


def test_nobody_is_told_who_is_no_owner_any_more(
    app: Flask, sandbox: Sandbox, clock: MovableClock, watch: Callable[[], None]
) -> None:
    alive(app)
    gives_up(app, clock, 1)
    with app.app_context():
        app.extensions["jobs"].kinds["needs"]()  # the mail is written, and not sent yet
        with transaction() as session:
            changed(session, update(User).values(is_owner=False))
        app.extensions["jobs"].kinds["outbox"]()
    assert letters(sandbox) == []


def test_members_pages_cost_no_question_more_and_owners_two(
    owner: Browser, grace: Browser, app: Flask, clock: MovableClock, watch: Callable[[], None]
) -> None:
    alive(app)

    def asks(person: Browser) -> int:
        with asked_of(app) as asked:
            assert person.get("/posts").status_code == HTTPStatus.OK
        assert not [each for each, _ in asked if "owner_needs" in each and person is grace]
        return len(asked)

    person, boss = asks(grace), asks(owner)
    gives_up(app, clock, 1)
    watch()
    assert asks(grace) == person
    assert asks(owner) == boss == person + 2


def test_looking_goes_through_nobodys_rows(
    owner: Browser, app: Flask, watch: Callable[[], None]
) -> None:
    with asked_of(app) as asked:
        watch()
    whole = read_whole(app, asked)
    assert [each for each in whole if "LIMIT" not in each] == []


def test_every_need_has_its_section_in_the_docs() -> None:
    desk = ROOT / "membership" / "admin"
    sources = "".join(path.read_text() for path in desk.rglob("*.py"))
    names = {*re.findall(r'(?:name=|_about_events\(\s*)"([a-z-]+)"', sources), ACCOUNT, *TITLES}
    assert len(names) == 23
    told = (ROOT / "docs" / "when-things-go-wrong.md").read_text()
    assert [name for name in names if f"`{name}`" not in told] == []
