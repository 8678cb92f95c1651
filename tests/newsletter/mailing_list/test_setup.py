"""flask newsletter setup: what is missing is made, what is wrong is mended, as often as wanted."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from sandbox.server import Sandbox
from tests.support.checkup import SITE
from tests.support.mailerlite_has import may_be_called_again, set_up

MakeApp = Callable[..., Flask]
MADE = ("field", "group", "list_webhook")


def what_there_is(sandbox: Sandbox) -> dict[str, int]:
    return {kind: len(sandbox.lists.store.find(kind)) for kind in MADE}


def breaks_off_after(sandbox: Sandbox, app: Flask, calls: int) -> bool:
    """Whether it did: MailerLite takes so many calls and no more."""
    sandbox.mailerlite_limit = calls
    done = app.test_cli_runner().invoke(args=["newsletter", "setup"])
    return done.exit_code != 0


@pytest.mark.parametrize("calls", [0, 1, 2, 4, 5, 7, 9, 10])
def test_after_a_crash_anywhere_the_next_one_makes_the_rest(
    make_app: MakeApp, sandbox: Sandbox, calls: int
) -> None:
    app = make_app(SITE_URL=SITE)
    assert breaks_off_after(sandbox, app, calls)
    sandbox.mailerlite_limit = 100
    may_be_called_again(app)
    said = set_up(app)
    assert what_there_is(sandbox) == {"field": 8 + 3, "group": 4, "list_webhook": 1}
    assert "MAILERLITE_WEBHOOK_SECRET=" in said
    assert set_up(app).count("there already") == 8


def test_a_secret_that_is_in_the_settings_is_not_printed(make_app: MakeApp) -> None:
    first = re.search(r"MAILERLITE_WEBHOOK_SECRET=(\w+)", set_up(make_app(SITE_URL=SITE)))
    assert first
    settings = {"SITE_URL": SITE, "MAILERLITE_WEBHOOK_SECRET": first[1]}
    assert "SECRET" not in set_up(make_app(**settings))


def test_a_second_webhook_for_the_same_address_goes(make_app: MakeApp, sandbox: Sandbox) -> None:
    first = re.search(r"MAILERLITE_WEBHOOK_SECRET=(\w+)", set_up(make_app(SITE_URL=SITE)))
    assert first
    (ours,) = sandbox.lists.store.find("list_webhook")
    for url in (ours["url"], f"{SITE}/another"):
        other = {**ours, "id": sandbox.lists.new_id(), "secret": "another", "url": url}
        sandbox.lists.store.put("list_webhook", other["id"], other)
    app = make_app(SITE_URL=SITE, MAILERLITE_WEBHOOK_SECRET=first[1])
    assert "another one for the same address. Deleted." in set_up(app)
    kept = {each["url"]: each["id"] for each in sandbox.lists.store.find("list_webhook")}
    assert kept[ours["url"]] == ours["id"]
    assert len(kept) == 2


def test_a_field_whose_name_has_another_key(make_app: MakeApp, sandbox: Sandbox) -> None:
    app = make_app(MAILERLITE_CODE_FIELD="Sign-up code")
    assert "MAILERLITE_CODE_FIELD=sign_up_code in .env" in set_up(app)
    assert "MAILERLITE_CODE_FIELD=sign_up_code in .env" in set_up(app)
    assert "there already" in set_up(make_app(MAILERLITE_CODE_FIELD="sign_up_code"))
