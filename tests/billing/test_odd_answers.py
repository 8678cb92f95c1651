"""Whatever Stripe says, an event waits with its reason, and a member is told something true."""

from collections.abc import Callable

import pytest
from flask import Flask

from membership import inbox
from membership.billing import events
from membership.db import db, transaction
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link, waiting
from tests.support.mail import Work
from tests.support.odd_server import answering
from tests.support.paying import copy_catalogue
from tests.support.people import GRACE, opens_account, signs_in
from tests.support.stripe_signs import event
from tests.support.working import works

ODD = [
    (200, b"{}"),
    (200, b"[]"),
    (200, b"null"),
    (200, b"<html>"),
    (400, b'{"error": {"message": "\\ud800"}}'),
    (400, b'{"error": {"message": "\\u0000"}}'),
    (400, b'{"error": "x"}'),
    (502, b"<html>\0</html>"),
]


@pytest.mark.parametrize(("status", "body"), ODD, ids=range(len(ODD)))
@on_each_database
def test_an_event_waits_with_its_reason(
    make_app: Callable[..., Flask], status: int, body: bytes, clock: MovableClock
) -> None:
    with answering(status, body) as address:
        app = make_app(STRIPE_API_BASE=address)
        with app.app_context():
            with transaction() as session:
                inbox.receive(session, [events.row(event(), "{}")])
            works(app)
            waiting = db.session.query(InboxEvent).one()
            assert waiting.due_at
            assert waiting.due_at > clock()
            assert "Stripe" in (waiting.last_error or "")
            assert waiting.attempts == 1


@pytest.mark.parametrize(("status", "body"), ODD, ids=range(len(ODD)))
def test_a_member_is_told_to_try_again(
    make_app: Callable[..., Flask], site_url: str, status: int, body: bytes
) -> None:
    """The plans were copied from the real one; then it begins to talk nonsense."""
    app = make_app()
    assert app.test_cli_runner().invoke(args=["billing", "catalogue"]).exit_code == 0
    opens_account(app, GRACE)
    with answering(status, body) as address:
        odd = make_app(STRIPE_API_BASE=address)
        grace = signs_in(Browser(odd, site_url), GRACE)
        page = grace.get("/plans").text
        price = page.split('name="price" value="')[1].split('"')[0]
        answer = grace.submit("/plans", action="/checkout", having={"price": price})
        assert answer.status_code == 503
        assert "nothing was charged" in answer.text


def test_one_customer_who_is_not_understood_holds_up_nobody_else(
    app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, listening: str, work: Work
) -> None:
    copy_catalogue(app)
    link = payment_link(app, sandbox)
    sandbox.webhooks_paused = True
    for email in ("odd@example.com", "sound@example.com"):
        pays_by_link(elsewhere, link, email)
    (odd,) = [
        one
        for one in sandbox.account.all("subscription")
        if sandbox.account.get("customer", one["customer"])["email"] == "odd@example.com"
    ]
    for item in odd["items"]["data"]:
        item["price"] = None
    sandbox.account.save(odd)
    sandbox.webhooks_paused = False
    work()
    assert [email for email, _ in waiting(app)] == ["sound@example.com"]
