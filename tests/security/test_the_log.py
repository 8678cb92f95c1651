"""What happened to an account's safety, told to its member: what, when and from where."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from membership import logs
from membership.billing.explain import sentences
from membership.billing.explain.security_log import ABOUT_SAFETY, CODES
from membership.db import db
from membership.journal import Entry
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work
from tests.support.moving import moves
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in


def log_of(member: Browser) -> str:
    return member.get("/account/security").text.split("What happened to this account")[1]


@on_each_database
def test_ada_sees_who_came_in_and_who_was_turned_away_and_from_where(
    app: Flask, site_url: str, clock: MovableClock
) -> None:
    opens_account(app, ADA)
    stranger = Browser(app, site_url, address="203.0.113.9")
    for _ in range(10):
        stranger.submit("/login", action="/login", email=ADA, password="a wrong guess")
        clock.passes(timedelta(minutes=1))
    ada = signs_in(Browser(app, site_url, address="198.51.100.7"), ADA)
    told = log_of(ada)
    assert told.count("Somebody was not let in: the password was not right.") == 10
    assert told.count("from 203.0.113.9") == 10
    assert "Signed in." in told
    assert "from 198.51.100.7" in told
    assert told.index("Signed in.") < told.index("Somebody was not let in")
    assert "The account was opened." in told
    assert "a wrong guess" not in told


def test_a_door_that_shuts_is_told_once(app: Flask, site_url: str, clock: MovableClock) -> None:
    opens_account(app, ADA)
    ada = signs_in(Browser(app, site_url), ADA)
    for _ in range(13):
        stranger = Browser(app, site_url, address="203.0.113.9")
        stranger.submit("/login", action="/login", email=ADA, password="a wrong guess")
    assert log_of(ada).count("Many passwords were wrong") == 1
    assert log_of(ada).count("was not let in") == 10


def test_nobody_reads_anothers_log(app: Flask, browser: Callable[[], Browser]) -> None:
    for email in (ADA, GRACE):
        opens_account(app, email)
    browser().submit("/login", action="/login", email=GRACE, password="a wrong guess")
    assert "was not let in" not in log_of(signs_in(browser(), ADA))
    assert "was not let in" in log_of(signs_in(browser(), GRACE))


def test_who_has_an_address_next_reads_nothing_of_who_had_it_before(
    app: Flask, site_url: str, grace: Browser, sandbox: Sandbox, work: Work
) -> None:
    """Nor from where: Grace mistyped at home, and then moved away."""
    at_home = Browser(app, site_url, address="203.0.113.9")
    at_home.submit("/login", action="/login", email=GRACE, password="a wrong guess")
    moves(grace, sandbox, work)
    opens_account(app, GRACE)
    told = log_of(signs_in(Browser(app, site_url), GRACE))
    assert "was not let in" not in told
    assert "203.0.113.9" not in told
    assert "from 203.0.113.9" in log_of(grace)


def test_no_line_holds_a_secret(app: Flask, browser: Callable[[], Browser]) -> None:
    opens_account(app, ADA)
    browser().submit("/", action="/subscribe", email=ADA)
    ada = signs_in(browser(), ADA)
    cookie = ada.client.get_cookie("session", domain="127.0.0.1")
    assert cookie is not None
    with app.app_context():
        lines = [
            f"{row.kind} {row.email} {row.detail}" for row in db.session.scalars(select(Entry))
        ]
    assert len(lines) >= 3
    assert not [line for line in lines if PASSWORD in line or cookie.value in line]


def test_who_was_refused_at_the_desk_and_what_came_from_elsewhere_is_in_the_sites_own_log(
    app: Flask, grace: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure(app.config["LATCHKEY"])  # to the standard error that is listened to now
    grace.get("/admin")
    headers = {"Sec-Fetch-Site": "cross-site"}
    fields = {"csrf_token": grace.token_on("/account")}
    grace.client.post("/logout", data=fields, headers=headers, base_url=grace.site_url)
    told = capfd.readouterr().err
    assert re.search(r"member \d+ was refused /admin\b", told)
    assert "refused from another site: POST /logout" in told


def test_every_kind_about_safety_is_in_the_log() -> None:
    """A new kind of entry belongs to it, or says by its name that it is about something else."""
    elsewhere = ("billing.", "grant.", "comp.", "newsletter.")
    left_out = [
        kind
        for kind in sentences.SENTENCES
        if not kind.startswith((*ABOUT_SAFETY, *elsewhere)) and kind not in CODES
    ]
    assert left_out == []
