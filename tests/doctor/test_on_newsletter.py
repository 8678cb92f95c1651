"""The list: what can be missing at MailerLite."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sandbox.server import Sandbox
from tests.support.checkup import SITE, level, said
from tests.support.mailerlite_has import set_up
from tests.support.odd_server import answering

MakeApp = Callable[..., Flask]


@pytest.mark.parametrize("fault", ["down", "limit"])
@pytest.mark.parametrize(("delivery", "is_so"), [("auto", "look"), ("mailerlite", "broken")])
def test_a_list_that_does_not_work(
    make_app: MakeApp, sandbox: Sandbox, fault: str, delivery: str, is_so: str
) -> None:
    app = make_app(CODE_DELIVERY=delivery)
    assert level(app, "mailerlite") == "well"
    sandbox.faults.mailerlite = fault
    assert level(app, "mailerlite") == is_so


def test_a_key_that_is_refused(make_app: MakeApp) -> None:
    with answering(401, b'{"message":"Unauthenticated."}') as address:
        found = said(make_app(MAILERLITE_API_BASE=address), "mailerlite")
    assert (found.level, "401 Unauthenticated." in found.what) == ("look", True)
    assert "MAILERLITE_API_KEY" in found.do


def test_no_list_is_no_fault(make_app: MakeApp) -> None:
    assert level(make_app(MAILERLITE_API_KEY=""), "mailerlite") == "skipped"


def test_field_and_groups_are_there_when_they_were_set_up(app: Flask) -> None:
    assert (level(app, "mailerlite-field"), level(app, "mailerlite-groups")) == ("look", "look")
    set_up(app)
    assert (level(app, "mailerlite-field"), level(app, "mailerlite-groups")) == ("well", "well")


def test_one_group_of_another_name(make_app: MakeApp, app: Flask) -> None:
    set_up(app)
    found = said(make_app(MAILERLITE_PAID_GROUP="Patrons"), "mailerlite-groups")
    assert (found.level, found.what) == ("look", "There is no group Patrons.")


@pytest.mark.parametrize(
    ("state", "word"), [({"enabled": False}, "switched off"), ({"repeatable": False}, "never")]
)
def test_an_automation_that_mails_nobody(
    app: Flask, make_app: MakeApp, sandbox: Sandbox, state: dict[str, bool], word: str
) -> None:
    set_up(app)
    assert level(app, "mailerlite-automation") == "well"
    (automation,) = sandbox.lists.store.find("automation", lambda _: True)
    sandbox.lists.store.put("automation", automation["id"], {**automation, **state})
    found = said(app, "mailerlite-automation")
    assert (found.level, word in found.what) == ("look", True)
    assert level(make_app(CODE_DELIVERY="smtp"), "mailerlite-automation") == "well"


def test_no_automation(app: Flask, sandbox: Sandbox) -> None:
    set_up(app)
    (automation,) = sandbox.lists.store.find("automation", lambda _: True)
    sandbox.lists.store.remove("automation", automation["id"])
    assert "No automation" in said(app, "mailerlite-automation").what


def test_a_webhook_with_the_secret_one_with_another_and_none(make_app: MakeApp) -> None:
    app = make_app(SITE_URL=SITE)
    assert "sends nothing" in said(app, "mailerlite-webhook").what
    secret: Any = re.search(r"MAILERLITE_WEBHOOK_SECRET=(\w+)", set_up(app))
    for given, is_so in ((secret[1], "well"), ("another", "look"), ("", "look")):
        app = make_app(SITE_URL=SITE, MAILERLITE_WEBHOOK_SECRET=given)
        assert level(app, "mailerlite-webhook") == is_so


def test_a_call_that_was_refused(make_app: MakeApp) -> None:
    app = make_app(SITE_URL=SITE)
    secret: Any = re.search(r"MAILERLITE_WEBHOOK_SECRET=(\w+)", set_up(app))
    app = make_app(SITE_URL=SITE, MAILERLITE_WEBHOOK_SECRET=secret[1])
    app.test_client().post("/webhooks/mailerlite", data=b"{}", headers={"Signature": "ab" * 32})
    assert "refused" in said(app, "mailerlite-webhook").what


def test_on_this_machine_it_cannot_be_called(app: Flask) -> None:
    assert level(app, "mailerlite-webhook") == "skipped"
