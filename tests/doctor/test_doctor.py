"""flask doctor as a whole: what its caller gets, and what it never does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from membership.billing.models import UnclaimedPayment
from membership.config import ROOT
from membership.db import db
from membership.doctor import examination
from sandbox.server import Sandbox
from tests.support.checkup import examined, public_site
from tests.support.databases import on_each_database
from tests.support.failing import everything
from tests.support.odd_server import answering
from tests.support.settings import NOBODY

MakeApp = Callable[..., Flask]
SECRETS = {
    "SECRET_KEY": "the-key-to-the-cookies-of-this-site-alone",
    "STRIPE_SECRET_KEY": "sk_test_of_the_owner_alone",
    "STRIPE_WEBHOOK_SECRET": "whsec_one_of_two,whsec_the_second",
    "MAILERLITE_API_KEY": "key-of-the-list",
    "MAILERLITE_WEBHOOK_SECRET": "listwebhook",
    "MAIL_USERNAME": "letters",
    "MAIL_PASSWORD": "pass-of-the-mailserver",
}


@pytest.fixture
def site(make_app: MakeApp, sandbox: Sandbox, tmp_path: Path) -> Flask:
    return public_site(make_app, sandbox, tmp_path)


def doctor(app: Flask, *options: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["doctor", *options])
    return done.exit_code, done.stdout


def as_json(app: Flask) -> tuple[int, dict[str, Any]]:
    status, text = doctor(app, "--json")
    return status, json.loads(text)


@on_each_database
def test_a_site_that_was_set_up_as_the_docs_say_is_well(site: Flask) -> None:
    found = examined(site)
    assert {name: said for name, said in found.items() if said.level != "well"} == {}
    status, text = doctor(site)
    assert (status, text.splitlines()[-1]) == (0, "All is well.")


def test_the_exit_status_follows_the_worst(site: Flask, sandbox: Sandbox) -> None:
    assert as_json(site)[0] == 0
    sandbox.faults.mailerlite = "down"
    status, told = as_json(site)
    assert (status, told["status"]) == (1, "look")
    sandbox.faults.stripe = "down"
    status, told = as_json(site)
    assert (status, told["status"]) == (2, "broken")


def test_the_worst_comes_first_with_what_to_do(site: Flask, sandbox: Sandbox) -> None:
    sandbox.faults.stripe, sandbox.faults.mailerlite = "down", "down"
    levels = [each["level"] for each in as_json(site)[1]["checks"]]
    order = ["broken", "look", "skipped", "well"]
    assert levels == sorted(levels, key=order.index)
    assert set(levels) == set(order)
    lines = doctor(site)[1].splitlines()
    assert lines[0].startswith("broken   stripe ")
    assert "Why it matters: " in lines[1]
    assert "What to do: " in lines[2]


def test_a_monitor_finds_the_same_names_whatever_is_wrong(site: Flask, make_app: MakeApp) -> None:
    names = sorted(check.name for check in examination.CHECKS)
    nowhere = make_app(
        DATABASE_URL="postgresql://ada@127.0.0.1:9/none", STRIPE_API_BASE=f"{NOBODY}/stripe"
    )
    for app in (site, nowhere):
        told = as_json(app)[1]
        assert sorted(each["name"] for each in told["checks"]) == names
        assert all(set(each) == {"name", "level", "what", "why", "do"} for each in told["checks"])


def test_what_is_not_well_says_what_to_do(make_app: MakeApp) -> None:
    nowhere = make_app(
        STRIPE_API_BASE=f"{NOBODY}/stripe", MAIL_PORT="9", MAILERLITE_API_BASE=NOBODY
    )
    found = examined(nowhere)
    unwell = [said for said in found.values() if said.level in ("broken", "look")]
    assert len(unwell) > 4
    assert [said for said in unwell if not said.do] == []


def test_when_stripe_is_away_that_is_said_once(site: Flask, sandbox: Sandbox) -> None:
    sandbox.faults.stripe = "down"
    found = examined(site)
    assert found["stripe"].level == "broken"
    for name in ("stripe-charges", "clock", "portal", "endpoint", "deliveries", "plans"):
        assert (found[name].level, "stripe is not well" in found[name].what) == ("skipped", True)
    assert found["smtp"].level == found["mailerlite"].level == "well"


def test_when_the_list_is_away_that_is_said_once(site: Flask, sandbox: Sandbox) -> None:
    sandbox.faults.mailerlite = "down"
    found = examined(site)
    assert found["mailerlite"].level == "look"
    for name in ("mailerlite-field", "mailerlite-groups", "mailerlite-automation"):
        assert found[name].level == "skipped"


def test_what_others_say_is_one_line_that_ends(make_app: MakeApp) -> None:
    long = json.dumps({"error": {"message": "no\n\x1b[2J" + "and no " * 500}}).encode()
    with answering(401, long) as address:
        found = examined(make_app(STRIPE_API_BASE=address))
    assert found["stripe"].what.isprintable()
    assert len(found["stripe"].what) <= 400


def test_what_others_repeat_of_our_secrets_is_left_out(make_app: MakeApp) -> None:
    told = json.dumps({"error": {"message": "I do not know sk_test_of_the_owner_alone"}}).encode()
    with answering(401, told) as address:
        found = examined(make_app(**{**SECRETS, "STRIPE_API_BASE": address}))
    assert found["stripe"].what.endswith("I do not know [secret]")


def test_without_a_database_everything_else_is_still_looked_at(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    found = examined(make_app(DATABASE_URL="postgresql://ada:tulips@127.0.0.1:9/none"))
    assert found["database"].level == "broken"
    assert found["worker"].level == found["checkouts"].level == "skipped"
    assert found["stripe"].level == found["smtp"].level == "well"
    assert "tulips" not in repr(found)


@on_each_database
def test_a_check_that_fails_is_a_finding_and_the_others_go_on(site: Flask) -> None:
    with site.app_context():
        UnclaimedPayment.__table__.drop(db.engine)  # type: ignore[attr-defined]
    found = examined(site)
    assert found["unclaimed-payments"].level == "look"
    assert "Error" in found["unclaimed-payments"].what
    assert {said.level for name, said in found.items() if name != "unclaimed-payments"} == {"well"}


@pytest.mark.parametrize("fault", [None, "down", "refuse"])
def test_no_secret_is_printed(make_app: MakeApp, sandbox: Sandbox, fault: str | None) -> None:
    """The mail server, which has no sign-in, is not well either way."""
    app = make_app(**SECRETS)
    sandbox.faults.mailerlite = fault
    sandbox.faults.stripe = "down" if fault else None
    text = doctor(app)[1] + doctor(app, "--json")[1]
    secrets = [part for value in SECRETS.values() for part in value.split(",")]
    secrets.remove("letters")  # the name is not one
    assert [secret for secret in secrets if secret in text] == []


@on_each_database
def test_nothing_is_written_and_nothing_sent(site: Flask, sandbox: Sandbox) -> None:
    def state() -> tuple[object, ...]:
        with site.app_context():
            return everything(), len(sandbox.mailbox.messages), len(sandbox.account.all("event"))

    before = state()
    endpoints = sandbox.account.all("webhook_endpoint")
    doctor(site)
    assert (state(), sandbox.account.all("webhook_endpoint")) == (before, endpoints)


def test_the_owners_page_has_a_section_for_every_check() -> None:
    page = (ROOT / "docs" / "when-things-go-wrong.md").read_text()
    sections = [
        line.removeprefix("### `").removesuffix("`")
        for line in page.splitlines()
        if line.startswith("### `")
    ]
    assert sections == [check.name for check in examination.CHECKS]
