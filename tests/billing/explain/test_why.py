"""flask why, and the member's own page: out of the rows, through the door everybody uses."""

from datetime import timedelta
from http import HTTPStatus

from flask import Flask

from membership.billing.models import UnclaimedPayment
from membership.db import transaction
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, pays
from tests.support.people import ADA, EDSGER, GRACE

DEBIT = "DE89370400440532013000"  # is paid three days later


def why(app: Flask, email: str) -> str:
    done = app.test_cli_runner().invoke(args=["why", email])
    assert done.exit_code == 0, done.output
    return str(done.output)


@on_each_database
def test_from_the_first_address_to_the_open_door(
    app: Flask, listening: str, grace: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    assert grace.get("/premium").status_code == HTTPStatus.OK
    told = why(app, " Grace@Example.com ")
    assert "Premium: Open until" in told
    assert "“Membership” is paid until" in told
    assert "At Stripe: cus_" in told
    assert "sub_" in told
    story = [
        "The account was opened.",
        "Signed in.",
        "A page to pay on was opened at Stripe.",
        "Premium was granted until",
    ]
    assert [told.index(words) for words in story] == sorted(told.index(words) for words in story)


def test_who_never_paid_is_told_so(app: Flask, grace: Browser) -> None:
    assert "Nothing has been bought with this account" in why(app, GRACE)
    assert "Nothing has been bought with this account" in grace.get("/account/why").text


def test_a_debit_that_takes_days_is_said_to_be_on_its_way(
    app: Flask, listening: str, grace: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app, "guide"), card=DEBIT)
    work()
    told = why(app, GRACE)
    assert "“The Field Guide” was ordered on" in told
    assert "the payment has not arrived." in told
    assert "Nothing has been bought" not in told
    assert "the payment has not arrived." in grace.get("/account/why").text


def test_an_event_that_could_not_be_worked_on_is_named_to_the_owner(
    app: Flask,
    listening: str,
    grace: Browser,
    elsewhere: Elsewhere,
    work: Work,
    sandbox: Sandbox,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    sandbox.deliver_pending()
    assert "  Not worked on: event " in why(app, GRACE)
    work()
    assert "Not worked on" not in why(app, GRACE)


def test_who_lapsed_is_told_since_when(app: Flask, edsger: Browser) -> None:
    assert "Premium: Shut since" in why(app, EDSGER)
    assert "Shut since" in edsger.get("/account/why").text


def test_an_address_nobody_knows(app: Flask) -> None:
    assert why(app, "nobody@example.com").splitlines() == [
        "There is no account at nobody@example.com.",
        "Newsletter: never asked for.",
    ]


def test_an_address_that_only_asked_for_the_newsletter(app: Flask, visitor: Browser) -> None:
    visitor.submit("/", action="/subscribe", email=ADA)
    told = why(app, ADA)
    assert "There is no account at ada@example.com." in told
    assert "and not confirmed" in told
    assert "A code was asked for" in told


def test_an_address_that_paid_and_never_joined(app: Flask, clock: MovableClock) -> None:
    with app.app_context(), transaction() as session:
        session.add(
            UnclaimedPayment(key="cus_1", email=ADA, reason="nobody has it", found_at=clock())
        )
        session.add(
            UnclaimedPayment(
                key="cus_2", email=ADA, reason="long ago", found_at=clock(), settled_at=clock()
            )
        )
    told = why(app, ADA)
    assert "Unclaimed payment: cus_1" in told
    assert "nobody has it" in told
    assert "cus_2" not in told


def test_what_is_no_address_is_refused(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["why", "not an address"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


def test_the_members_page_is_theirs_alone_and_has_nothing_of_the_inside(
    app: Flask, listening: str, grace: Browser, ada: Browser, elsewhere: Elsewhere, work: Work
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    mine, hers = grace.get("/account/why").text, ada.get("/account/why").text
    assert "“Membership” is paid until" in mine
    assert "“Membership”" not in hers
    assert "without payment" in hers
    assert not any(word in mine for word in ("cus_", "sub_", "cs_", "127.0.0.1", ADA))


def test_the_page_is_linked_from_the_account(grace: Browser) -> None:
    assert 'href="/account/why"' in grace.get("/account").text


def test_a_visitor_is_sent_to_sign_in(visitor: Browser) -> None:
    answer = visitor.get("/account/why")
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.location.endswith("/login?next=/account/why")


def test_a_door_that_shut_by_the_clock_is_explained_with_every_webhook_lost(
    app: Flask,
    listening: str,
    grace: Browser,
    elsewhere: Elsewhere,
    work: Work,
    clock: MovableClock,
    sandbox: Sandbox,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    sandbox.webhook_url = None
    sandbox.stripe_fault = "down"
    clock.passes(timedelta(days=40))
    told = why(app, GRACE)
    assert "Premium: Shut since" in told
    assert "and no later payment has reached us" in told
