"""Signing in and out, and sessions that end when they should."""

import json
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask

from membership.accounts import hashing
from membership.accounts.models import SignIn, User
from membership.db import db, transaction
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.people import ADA, PASSWORD, opens_account, signs_in
from tests.support.signed_in import cookie_of, copy_of, is_in


@pytest.fixture(autouse=True)
def adas_account(app: Flask) -> int:
    return opens_account(app, ADA)


def test_ada_signs_in_and_out(visitor: Browser) -> None:
    assert not is_in(visitor)
    signs_in(visitor, ADA)
    assert is_in(visitor)
    answer = visitor.submit("/account", action="/logout")
    assert answer.location == "/"
    assert not is_in(visitor)


def test_nothing_of_the_session_before_signing_in_is_kept(visitor: Browser) -> None:
    def kept() -> dict[str, object]:
        with visitor.client.session_transaction(base_url=visitor.site_url) as session:
            return dict(session)

    visitor.submit("/", action="/subscribe", email="grace@example.com")
    before = kept()
    signs_in(visitor, ADA)
    assert "join_email" in before
    assert "join_email" not in kept()
    visitor.get("/account")
    assert kept()["csrf_token"] != before["csrf_token"]


def test_signing_in_anew_ends_the_session_before(visitor: Browser, app: Flask) -> None:
    signs_in(visitor, ADA)
    thief = copy_of(visitor, app)
    token = visitor.submit("/account", action="/logout")
    assert token.status_code == HTTPStatus.SEE_OTHER
    signs_in(visitor, ADA)
    assert is_in(visitor)
    assert not is_in(thief)


def test_a_cookie_from_before_signing_in_stays_a_visitors(visitor: Browser, app: Flask) -> None:
    visitor.get("/login")
    before = copy_of(visitor, app)
    signs_in(visitor, ADA)
    assert not is_in(before)


def test_signing_in_is_not_done_by_get(visitor: Browser) -> None:
    visitor.get(f"/login?email={ADA}&password={PASSWORD}")
    assert not is_in(visitor)
    assert visitor.client.get("/logout", base_url=visitor.site_url).status_code == 405


def test_the_session_ends_when_nobody_has_been_seen_for_two_weeks(
    visitor: Browser, clock: MovableClock
) -> None:
    signs_in(visitor, ADA)
    clock.passes(timedelta(days=13))
    assert is_in(visitor)  # and is seen
    clock.passes(timedelta(days=13))
    assert is_in(visitor)
    clock.passes(timedelta(days=15))
    assert not is_in(visitor)


def test_the_session_ends_after_thirty_days_however_busy(
    visitor: Browser, clock: MovableClock
) -> None:
    signs_in(visitor, ADA)
    for _ in range(3):
        clock.passes(timedelta(days=9))
        assert is_in(visitor)
    clock.passes(timedelta(days=4))
    assert not is_in(visitor)


def test_being_seen_is_written_once_an_hour_at_most(
    visitor: Browser, clock: MovableClock, app: Flask
) -> None:
    def last_seen() -> object:
        with app.app_context():
            return db.session.query(SignIn.last_seen_at).scalar()

    signs_in(visitor, ADA)
    at_first = last_seen()
    clock.passes(timedelta(minutes=50))
    visitor.get("/account")
    assert last_seen() == at_first
    clock.passes(timedelta(minutes=20))
    visitor.get("/account")
    assert last_seen() == clock()


def test_staying_signed_in_is_asked_for(visitor: Browser, browser: Callable[[], Browser]) -> None:
    signs_in(visitor, ADA)
    assert cookie_of(visitor).expires is None  # gone with the browser
    remembered = browser()
    remembered.submit("/login", action="/login", email=ADA, password=PASSWORD, remember="y")
    assert cookie_of(remembered).expires is not None


@pytest.mark.parametrize("target", ["https://evil.test", "//evil.test", "/\\evil.test"])
def test_next_never_leaves_the_site(visitor: Browser, target: str) -> None:
    visitor.get("/")
    answer = visitor.submit(f"/login?next={target}", action="/login", email=ADA, password=PASSWORD)
    assert answer.location == "/account"


def test_next_is_followed_within_the_site(visitor: Browser) -> None:
    asked = visitor.get("/premium")
    assert asked.location == "/login?next=/premium"
    answer = visitor.submit(asked.location, action="/login", email=ADA, password=PASSWORD)
    assert answer.location == "/premium"


def test_a_password_of_a_thousand_characters_counts_to_its_end(
    visitor: Browser, app: Flask
) -> None:
    long = "correct horse battery staple " * 34
    with app.app_context():
        hashed = hashing.hash_password(long)
        with transaction() as session:
            session.query(User).one().password_hash = hashed
    refused = visitor.submit("/login", action="/login", email=ADA, password=long[:72])
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert visitor.submit("/login", action="/login", email=ADA, password=long).status_code == 303


@pytest.mark.parametrize("page", ["/plans", "/join"])
def test_a_way_back_is_never_remembered_to_another_site(visitor: Browser, page: str) -> None:
    visitor.get(f"{page}?next=//evil.test")
    assert signs_in_to(visitor) == "/account"
    visitor.submit("/account", action="/logout")
    visitor.get(f"{page}?next=/posts")
    assert signs_in_to(visitor) == "/posts"


def signs_in_to(visitor: Browser) -> str | None:
    answer = visitor.submit("/login", action="/login", email=ADA, password=PASSWORD)
    return answer.location


def test_signing_in_over_a_session_not_seen_for_hours_ends_it(
    visitor: Browser, app: Flask, clock: MovableClock
) -> None:
    signs_in(visitor, ADA)
    thief = copy_of(visitor, app)
    token = visitor.token_on("/account")
    clock.passes(timedelta(hours=2))
    answer = visitor.post("/login", {"csrf_token": token, "email": ADA, "password": PASSWORD})
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert is_in(visitor)
    assert not is_in(thief)


def test_ten_wrong_passwords_close_the_door_for_a_few_minutes(
    visitor: Browser, browser: Callable[[], Browser], clock: MovableClock
) -> None:
    inside = signs_in(browser(), ADA)
    for _ in range(10):
        refused = visitor.submit("/login", action="/login", email=ADA, password="a wrong guess")
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        clock.passes(timedelta(seconds=1))
    closed = visitor.submit("/login", action="/login", email=ADA, password=PASSWORD)
    assert closed.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert 0 < int(closed.headers["Retry-After"]) <= 300
    assert "minutes" in closed.text
    assert is_in(inside)  # whoever is in stays in
    clock.passes(timedelta(minutes=5))
    assert is_in(signs_in(visitor, ADA))


def test_the_door_opens_again_although_the_sandbox_is_months_ahead(
    make_app: Callable[..., Flask], site_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    """The journal goes by billing's time; so must whoever counts in it."""
    ahead = tmp_path / "clock.json"
    ahead.write_text(json.dumps({"ahead": 100 * 24 * 3600}))
    ada = Browser(make_app(SANDBOX_CLOCK=str(ahead)), site_url)
    for _ in range(10):
        ada.submit("/login", action="/login", email=ADA, password="wrong")
    closed = ada.submit("/login", action="/login", email=ADA, password=PASSWORD)
    assert closed.status_code == HTTPStatus.TOO_MANY_REQUESTS
    clock.passes(timedelta(minutes=5))
    signs_in(ada, ADA)


def test_somebody_signed_in_is_not_asked_to_join(visitor: Browser) -> None:
    signs_in(visitor, ADA)
    assert visitor.get("/join").location == "/account"
