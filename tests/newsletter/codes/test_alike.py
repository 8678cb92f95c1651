"""Nobody who only types in an address can tell whose it is: not while something is down, either.

A code goes by MailerLite to a stranger and by our own mail to a member, so each outage takes
another one's code. What the page says is the same for all of them, at every moment.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask

from membership import limits
from membership.newsletter import signup
from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.mail import mail_server
from tests.support.mailerlite_has import becomes, set_up
from tests.support.people import opens_account
from tests.support.the_list import changes, joins
from tests.support.working import works

MINUTE = timedelta(minutes=1)
SENDING, TRY_AGAIN, NONE = "We are sending a", "should have come by now", "There is no code"
KINDS = ("nobody", "reader", "member", "unsubscribed", "bounced", "mailed")
# minutes since the code was asked for, once again in the fifth → what the page says
MOMENTS = {0: SENDING, 0.5: SENDING, 2.5: TRY_AGAIN, 5: SENDING, 8: TRY_AGAIN, 31: NONE}
AGAIN = 5


@dataclass(frozen=True)
class Outage:
    mailerlite: str | None = None
    mail_refused: float = 0.0
    worker: bool = True  # or it is held up


OUTAGES = {
    "mailerlite is down": Outage(mailerlite="down"),
    "mail server is down": Outage(mail_refused=1.0),
    "both are down": Outage(mailerlite="down", mail_refused=1.0),
    "one is slow": Outage(worker=False),
}


def address(kind: str) -> str:
    return f"{kind}@example.com"


def all_kinds(
    app: Flask, sandbox: Sandbox, clock: MovableClock, site_url: str
) -> dict[str, Browser]:
    """Each typed in by a stranger of its own, who has nothing of theirs."""
    set_up(app)
    opens_account(app, address("member"))
    joins(app, address("reader"), address("unsubscribed"), address("bounced"), now=clock())
    asks(Browser(app, site_url), "mailed")
    works(app)
    for status in ("unsubscribed", "bounced"):
        becomes(sandbox, address(status), status)
    clock.passes(timedelta(hours=2))
    return {
        kind: Browser(app, site_url, address=f"203.0.113.{number}")
        for number, kind in enumerate(KINDS)
    }


def asks(visitor: Browser, kind: str) -> None:
    assert visitor.submit("/", action="/subscribe", email=address(kind)).location == "/join"


def sends(app: Flask) -> None:
    """What the worker does about codes."""
    with app.app_context():
        for kind in ("codes", "outbox", "codes"):
            app.extensions["jobs"].kinds[kind]()


def page(visitor: Browser, kind: str) -> str:
    without_token = re.sub(r'name="csrf_token" value="[^"]+"', "", visitor.get("/join").text)
    return without_token.replace(address(kind), "…")


def all_are_told_alike(
    app: Flask, people: dict[str, Browser], clock: MovableClock, *, worker: bool = True
) -> None:
    for kind, visitor in people.items():
        asks(visitor, kind)
    asked_at = clock()
    for minute, said in MOMENTS.items():
        clock.now = asked_at + minute * MINUTE
        if minute == AGAIN:
            answers = [each.submit("/join", action="/join/resend") for each in people.values()]
            assert {(each.status_code, each.location) for each in answers} == {(303, "/join")}
            flashed = {page(visitor, kind) for kind, visitor in people.items()}
            assert len(flashed) == 1
        if worker:
            sends(app)
        pages = {kind: page(visitor, kind) for kind, visitor in people.items()}
        assert [kind for kind in KINDS if pages[kind] != pages["nobody"]] == [], f"minute {minute}"
        assert said in pages["nobody"]


@pytest.mark.parametrize("outage", OUTAGES)
def test_every_address_is_answered_alike_whatever_is_down(
    app: Flask, sandbox: Sandbox, clock: MovableClock, site_url: str, outage: str
) -> None:
    people = all_kinds(app, sandbox, clock, site_url)
    wrong = OUTAGES[outage]
    sandbox.mailerlite_fault, sandbox.mail_refused = wrong.mailerlite, wrong.mail_refused
    all_are_told_alike(app, people, clock, worker=wrong.worker)


def test_also_where_the_mail_server_knows_no_such_mailbox(
    make_app: MakeApp, sandbox: Sandbox, clock: MovableClock, site_url: str
) -> None:
    with mail_server("550 5.1.1 no such user") as port:
        app = make_app(MAIL_PORT=str(port))
        all_are_told_alike(app, all_kinds(app, sandbox, clock, site_url), clock)


def test_where_nothing_was_sent_nobody_learns_who_had_a_code_long_ago(
    make_app: MakeApp, clock: MovableClock, site_url: str
) -> None:
    """Since so many were asked for from there already."""
    app = make_app(RATELIMIT_ENABLED="true")
    changes(app, signup.ask, address("reader"), now=clock())
    clock.passes(timedelta(days=30))
    with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        for number in range(signup.ASKS.per_network[0].most):
            changes(app, limits.knock, signup.ASKS, account=f"crowd-{number}", now=clock())
    told = set()
    for kind in ("reader", "nobody"):
        visitor = Browser(app, site_url)
        asks(visitor, kind)
        told.add(page(visitor, kind))
    assert len(told) == 1
    assert NONE in told.pop()
