"""flask newsletter check: an owner is told what is missing or wrong, and what to click."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask

from membership.config import ROOT
from membership.newsletter.mailerlite import Automation, Step
from membership.newsletter.mailing_list import code_automation
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.checkup import SITE
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for
from tests.support.mailerlite_has import set_up
from tests.support.odd_server import answering
from tests.support.people import ADA

MakeApp = Callable[..., Flask]
SECRET = re.compile(r"MAILERLITE_WEBHOOK_SECRET=(\w+)")


def checked(app: Flask) -> tuple[int, str]:
    """Its exit status, and what it says is wrong."""
    done = app.test_cli_runner().invoke(args=["newsletter", "check"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    wrong = re.findall(r"^wrong .*\n.*\n.*\n", done.output, re.M)
    assert bool(wrong) is (done.exit_code == 1), done.output
    return done.exit_code, "".join(wrong)


def public(make_app: MakeApp, **settings: str) -> Flask:
    """A site that MailerLite can reach, set up, with the secret in its settings."""
    found: Any = SECRET.search(set_up(make_app(SITE_URL=SITE)))
    return make_app(**{"SITE_URL": SITE, "MAILERLITE_WEBHOOK_SECRET": found[1], **settings})


def automation(**changed: Any) -> Automation:
    """One as the docs want it, but for what is changed."""
    well: dict[str, Any] = {
        "id": "1",
        "name": "Code",
        "enabled": True,
        "complete": True,
        "broken": False,
        "repeatable": True,
        "begins_with": ("subscriber_joins_group",),
        "steps": (EMAIL,),
    }
    return Automation(**{**well, **changed})


EMAIL = Step("email", "{$code} is your code", complete=True, broken=False, sendable=True)
DELAY = Step("delay", None, complete=True, broken=False, sendable=None)


def words(*found: Automation) -> str:
    faults = code_automation.faults(found, group="Verify", field="code")
    return " ".join(fault.what for fault in faults)


def test_an_owner_who_did_all_the_docs_say_is_told_that_nothing_is_wrong(make_app: MakeApp) -> None:
    assert checked(public(make_app)) == (0, "")


def test_before_anything_was_made(make_app: MakeApp) -> None:
    status, said = checked(make_app(SITE_URL=SITE))
    assert status == 1
    assert "no field with the key verification_code" in said
    assert "no group Free and no group Paid and no group Lapsed" in said
    assert f"MailerLite sends nothing to {SITE}/webhooks/mailerlite" in said
    assert said.count("Run flask newsletter setup.") == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unauthorized", "Make a key in MailerLite"),
        ("forbidden", "does not let this key in: 403"),
        ("missing", "Where MAILERLITE_API_BASE leads"),
        ("down", "no answer to work with: 503 Service Unavailable."),
        ("limit", "no answer to work with: 429 Too Many Attempts."),
    ],
)
def test_without_an_answer_only_that_is_said(
    app: Flask, sandbox: Sandbox, fault: str, words: str
) -> None:
    sandbox.mailerlite_fault = fault
    status, said = checked(app)
    assert (status, said.count("What to do"), words in said) == (1, 1, True)
    assert ".." not in said


def test_a_group_that_was_given_another_name_there(app: Flask, sandbox: Sandbox) -> None:
    set_up(app)
    (paid,) = sandbox.lists.store.find("group", lambda group: group["name"] == "Paid")
    sandbox.lists.store.put("group", paid["id"], {**paid, "name": "Members"})
    said = checked(app)[1]
    assert "mailerlite-groups" in said
    assert "There is no group Paid." in said
    assert "put that into its setting" in said


def test_a_list_that_is_not_wanted_is_not_wrong(make_app: MakeApp) -> None:
    assert checked(make_app(MAILERLITE_API_KEY="")) == (0, "")


def test_a_page_instead_of_an_answer(make_app: MakeApp) -> None:
    with answering(200, b"<html>maintenance") as address:
        assert "not JSON" in checked(make_app(MAILERLITE_API_BASE=address))[1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"enabled": False}, "is switched off"),
        ({"repeatable": False}, "and never another"),
        ({"complete": False}, "is not complete"),
        ({"broken": True}, "is broken"),
        ({"delay": 600}, "something else before it mails (delay)"),
    ],
)
def test_the_automation_as_it_is_at_mailerlite(
    app: Flask, sandbox: Sandbox, changed: dict[str, Any], words: str
) -> None:
    set_up(app)
    (found,) = sandbox.lists.store.find("automation", lambda _: True)
    sandbox.lists.store.put("automation", found["id"], {**found, **changed})
    assert words in checked(app)[1]


def test_each_fault_of_an_automation_has_its_words() -> None:
    assert words(automation()) == ""
    assert "No automation begins" in words()
    assert "has no email in it" in words(automation(steps=()))
    assert "(delay)" in words(automation(steps=(DELAY, EMAIL)))
    assert words(automation(steps=(EMAIL, DELAY))) == ""
    assert words(automation(steps=None)) == ""
    untitled = Step("email", "Your code", complete=True, broken=False, sendable=True)
    assert "does not hold the code: “Your code”" in words(automation(steps=(untitled,)))
    unknown = Step("email", None, complete=True, broken=False, sendable=None)
    assert words(automation(steps=(unknown,))) == ""
    half = Step("email", "{$code}", complete=False, broken=False, sendable=False)
    assert "is not finished" in words(automation(steps=(half,)))
    assert "ready to be sent" in words(automation(steps=(half,)))
    both = words(automation(name="One"), automation(name="Two"))
    assert "Several automations begin" in both
    assert words(automation(enabled=False), automation()) == ""


@on_each_database
def test_a_double_opt_in_that_holds_codes_back_is_noticed(
    app: Flask, visitor: Browser, work: Work, sandbox: Sandbox, clock: MovableClock
) -> None:
    set_up(app)
    sandbox.double_opt_in = True
    visitor.submit("/", action="/subscribe", email=ADA)
    assert "confirmation of its own" not in checked(app)[1]
    work()
    assert "Double opt-in for API and integrations" in checked(app)[1]
    clock.passes(timedelta(days=8))
    assert "confirmation of its own" not in checked(app)[1]


def test_who_came_by_another_form_and_has_not_confirmed_is_nothing_of_ours(
    app: Flask, sandbox: Sandbox
) -> None:
    set_up(app)
    sandbox.double_opt_in = True
    made = requests.post(
        f"{sandbox.mailerlite_base}/subscribers",
        json={"email": "stranger@example.com"},
        headers={"Authorization": "Bearer sandbox"},
        timeout=10,
    )
    assert made.json()["data"]["status"] == "unconfirmed"
    assert checked(app) == (0, "")


@on_each_database
def test_a_key_of_another_account_is_noticed(
    app: Flask, visitor: Browser, work: Work, sandbox: Sandbox
) -> None:
    set_up(app)
    visitor.submit("/", action="/subscribe", email=ADA)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, ADA))
    work()
    assert checked(app) == (0, "")
    for group in sandbox.lists.store.find("group"):
        sandbox.lists.store.remove("group", group["id"])
    set_up(app)
    assert "another account than the one your readers are in" in checked(app)[1]
    assert "flask newsletter sync --another-list" in checked(app)[1]


def test_a_webhook_that_is_off_blocked_or_does_not_tell_all(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    app = public(make_app)
    (found,) = sandbox.lists.store.find("list_webhook")
    for changed, said in (
        ({"enabled": False}, "is switched off"),
        ({"is_blocked": True}, "is blocked"),
        ({"events": ["subscriber.active"]}, "subscriber.unsubscribed is missing"),
        ({"secret": "another"}, "MAILERLITE_WEBHOOK_SECRET is not the secret"),
    ):
        sandbox.lists.store.put("list_webhook", found["id"], {**found, **changed})
        assert said in checked(app)[1]
        set_up(app)
        (mended,) = sandbox.lists.store.find("list_webhook")
        if "secret" not in changed:
            assert mended["id"] == found["id"]
            assert checked(app) == (0, "")


def test_every_place_that_is_named_is_in_the_docs() -> None:
    source = ROOT / "membership/newsletter/mailing_list"
    said = "".join((source / name).read_text() for name in ("check.py", "code_automation.py"))
    docs = (ROOT / "docs/mailerlite.md").read_text()
    titles = re.findall(r"^#+ (.*)$", docs, re.M)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    named = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', said))
    named -= {name for name in named if name.startswith("mailerlite-")}
    assert len(named) >= 9
    assert named <= anchors
    pictures = re.findall(r"\((pictures/[^)]+)\)", docs)
    assert all((ROOT / "docs" / picture).is_file() for picture in pictures)
