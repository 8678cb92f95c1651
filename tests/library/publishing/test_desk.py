"""Sending a post from the desk, and by the command."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask

from sandbox.server import Sandbox
from tests.conftest import MakeApp
from tests.library.publishing.conftest import LOCKED, buys, reads
from tests.support.browser import Browser
from tests.support.people import ADA, GRACE, signs_in

Leaves = Callable[[], None]
PAGE = "/admin/posts/locked"
SEND = f"{PAGE}/send"


def test_the_owner_sees_who_would_get_what_and_sends_it_once(
    app: Flask, owner: Browser, sandbox: Sandbox, leaves: Leaves
) -> None:
    leaves()
    listed = owner.get("/admin/posts").text
    assert listed.index("Not published yet") < listed.index("About lamps")
    assert "not sent" in listed

    page = owner.get(PAGE).text
    assert "1 reader" in page
    assert "the whole post" in page
    assert "3 readers" in page  # Grace, Edsger, and Olive herself
    assert "its teaser" in page
    assert LOCKED not in page
    answer = owner.submit(PAGE, action=SEND)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert "on its way to the list" in owner.follow(answer).text
    leaves()

    assert "It is leaving, to 1 reader" in owner.get(PAGE).text
    assert len(sandbox.mailbox.to(ADA)) == 1
    assert (
        "Nothing is sent twice"
        in owner.follow(owner.post(SEND, {"csrf_token": owner.token_on("/admin/posts/open")})).text
    )
    assert "Those who pay: scheduled" in owner.get("/admin/posts").text


def test_the_page_says_who_keeps_all_who_pay_from_the_whole_post(
    app: Flask, owner: Browser, leaves: Leaves
) -> None:
    reads(app, "lin@example.com")
    buys(app, "lin@example.com", "guide")
    leaves()

    page = owner.get(PAGE).text
    assert "One of them has paid for something else" in page
    assert "the whole post" not in page


def test_while_mailerlite_cannot_be_asked_there_is_no_button(
    owner: Browser, sandbox: Sandbox
) -> None:
    sandbox.mailerlite_fault = "down"

    page = owner.get(PAGE).text
    assert "cannot be asked just now" in page
    assert SEND not in page


def test_why_nothing_was_sent_is_said_and_the_button_is_back(
    owner: Browser, sandbox: Sandbox, leaves: Leaves
) -> None:
    sandbox.mailerlite_plan = "lower"
    leaves()
    owner.submit(PAGE, action=SEND)
    leaves()

    page = owner.get(PAGE).text
    assert "on its Advanced plan alone. Nothing was sent." in page
    assert SEND in page


def test_only_the_owner_is_let_in_and_only_to_what_is_published(
    visitor: Browser, owner: Browser
) -> None:
    for path in ("/admin/posts", PAGE):
        assert visitor.get(path).status_code == HTTPStatus.SEE_OTHER
        assert owner.get(path).status_code == HTTPStatus.OK
    assert owner.get("/admin/posts/unready").status_code == HTTPStatus.NOT_FOUND


def test_a_member_sends_nothing(
    app: Flask, browser: Callable[[], Browser], sandbox: Sandbox, leaves: Leaves
) -> None:
    grace = signs_in(browser(), GRACE)
    sent = grace.post(SEND, {"csrf_token": grace.token_on("/account/email")})
    leaves()

    assert sent.status_code == HTTPStatus.NOT_FOUND
    assert sandbox.lists.store.find("campaign") == []


def test_the_command_says_what_it_would_do_and_does_it(
    app: Flask, sandbox: Sandbox, leaves: Leaves
) -> None:
    leaves()
    publish = ["library", "publish", "locked"]
    said = app.test_cli_runner().invoke(args=[*publish, "--dry-run"]).output
    paying, others = said.splitlines()
    assert paying == "Those who pay: the whole post, to 1 reader in Paid."
    assert others.startswith("Those who do not pay: its teaser")
    assert others.endswith("to 2 readers in Free and Lapsed.")
    assert sandbox.lists.store.find("campaign") == []

    done = app.test_cli_runner().invoke(args=publish)
    assert done.exit_code == 0
    assert "Those who pay: It is leaving, to 1 reader." in done.output
    sandbox.clock.catch_up()
    assert len(sandbox.mailbox.to(GRACE)) == 1
    again = app.test_cli_runner().invoke(args=publish)
    assert "Those who pay: It is leaving" in again.output
    assert len(sandbox.lists.store.find("campaign")) == 2


def test_the_command_knows_no_draft_and_says_when_mailerlite_is_away(
    app: Flask, sandbox: Sandbox, make_app: MakeApp
) -> None:
    runner = app.test_cli_runner()
    unready = runner.invoke(args=["library", "publish", "unready"])
    assert (unready.exit_code, "no published post" in unready.output) == (1, True)
    sandbox.mailerlite_fault = "down"
    away = runner.invoke(args=["library", "publish", "locked"])
    assert (away.exit_code, "MailerLite: 503" in away.output) == (1, True)
    without = make_app(MAILERLITE_API_KEY="").test_cli_runner()
    missing = without.invoke(args=["library", "publish", "how-this-letter-works"])
    assert (missing.exit_code, "MAILERLITE_API_KEY" in missing.output) == (1, True)
