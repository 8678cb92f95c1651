"""Doors that may be tried only so often, and that never stay shut."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

from membership import clock as clocks
from membership import limits
from membership.accounts import attempts, hashing
from membership.config import ROOT
from membership.db import db, transaction
from membership.extensions import limiter
from membership.limits import Attempt, Door, Limit, Tried
from membership.newsletter.codes import digits
from membership.newsletter.models import CodeSend
from membership.waits import TooSoon
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, mails_to
from tests.support.moving import asks
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import is_in
from tests.support.threads import at_once
from tests.support.working import works

HOUR = timedelta(hours=1)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """With every limit at work, also those per network."""
    app = make_app(RATELIMIT_ENABLED="true", CODE_DELIVERY="smtp")
    with app.app_context():
        limiter.reset()  # the coarse one counts in memory, for all applications of a process
    return app


def elsewhere(app: Flask, site_url: str, number: int) -> Browser:
    """Somebody in another network."""
    return Browser(app, site_url, address=f"203.0.113.{number}")


def guesses(browser: Browser, email: str = ADA, password: str = "a wrong guess") -> TestResponse:
    return browser.submit("/login", action="/login", email=email, password=password)


def test_s06_codes_sent_again_stop_with_the_wait(
    visitor: Browser, clock: MovableClock, sandbox: Sandbox, work: Work
) -> None:
    visitor.submit("/", action="/subscribe", email=ADA)
    answers = []
    for _ in range(12):
        clock.passes(digits.RESEND_AFTER)
        answers.append(visitor.submit("/join", action="/join/resend"))
    work()
    assert [a.status_code for a in answers] == [303] * 2 + [429] * 10
    assert int(answers[-1].headers["Retry-After"]) > 30 * 60
    assert "minutes" in answers[-1].text
    assert len(mails_to(sandbox, ADA)) == 3


def test_s06_one_network_may_ask_for_codes_of_many_addresses_twenty_times_an_hour(
    visitor: Browser, clock: MovableClock, sandbox: Sandbox, work: Work
) -> None:
    for number in range(25):
        visitor.submit("/", action="/subscribe", email=f"reader{number}@example.com")
    work()
    assert len(sandbox.mailbox.messages) == 20


def test_no_stranger_uses_up_the_codes_of_an_address(
    app: Flask, site_url: str, clock: MovableClock, sandbox: Sandbox, work: Work
) -> None:
    stranger, ada = elsewhere(app, site_url, 1), elsewhere(app, site_url, 2)
    for _ in range(60):
        stranger.submit("/", action="/subscribe", email=ADA)
        clock.passes(timedelta(minutes=20))
    assert codes_sent(app) == 5
    ada.submit("/", action="/subscribe", email=ADA)
    assert codes_sent(app) == 6
    work()
    assert len(mails_to(sandbox, ADA)) == 1  # the others' time is over


def codes_sent(app: Flask) -> int:
    with app.app_context():
        return db.session.query(CodeSend).count()


def test_nor_does_a_member_who_wants_to_move_there(
    app: Flask, site_url: str, clock: MovableClock, sandbox: Sandbox, work: Work
) -> None:
    """Half of what an address may be sent in a day, and its owner can still join."""
    opens_account(app, GRACE)
    grace = signs_in(elsewhere(app, site_url, 1), GRACE)
    asks(grace, ADA)
    answers = []
    for _ in range(12):
        clock.passes(HOUR)
        answers.append(grace.submit("/account/email", action="/account/email/resend").status_code)
    assert answers == [303] * 4 + [429] * 8
    ada = elsewhere(app, site_url, 2)
    ada.submit("/", action="/subscribe", email=ADA)
    work()
    assert mails_to(sandbox, ADA)[-1].endswith("is your Latchkey code")


def test_s13_an_account_counts_wrong_passwords_from_everywhere(app: Flask, site_url: str) -> None:
    opens_account(app, ADA)
    told = [guesses(elsewhere(app, site_url, n)).status_code for n in range(12)]
    assert told == [422] * 10 + [429] * 2
    right = guesses(elsewhere(app, site_url, 99), password=PASSWORD)
    assert right.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert 0 < int(right.headers["Retry-After"]) <= 300
    assert "You can try again in 5 minutes" in right.text


def test_s13_a_network_counts_wrong_passwords_on_all_accounts(app: Flask, site_url: str) -> None:
    opens_account(app, ADA)
    sprayer = elsewhere(app, site_url, 1)
    told = [guesses(sprayer, f"reader{n}@example.com").status_code for n in range(21)]
    assert told == [422] * 20 + [429]
    signs_in(elsewhere(app, site_url, 2), ADA)


def test_s13_passwords_that_are_right_are_not_counted(app: Flask, site_url: str) -> None:
    opens_account(app, ADA)
    for _ in range(25):
        signs_in(elsewhere(app, site_url, 1), ADA)


def test_s14_strangers_lock_out_no_browser_that_was_in_before(app: Flask, site_url: str) -> None:
    opens_account(app, ADA)
    ada = signs_in(elsewhere(app, site_url, 1), ADA)
    phone = signs_in(elsewhere(app, site_url, 2), ADA)
    phone.submit("/account", action="/logout")
    strangers = [elsewhere(app, site_url, n) for n in range(3, 14)]
    assert [guesses(each).status_code for each in strangers] == [422] * 10 + [429]
    assert is_in(ada)  # whoever is in stays in
    assert is_in(signs_in(phone, ADA))  # and this one was here before
    assert guesses(strangers[0], password=PASSWORD).status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_s14_it_ends_by_itself_and_is_written_down(
    app: Flask, site_url: str, clock: MovableClock
) -> None:
    opens_account(app, ADA)
    for n in range(11):
        guesses(elsewhere(app, site_url, n))
        clock.passes(timedelta(seconds=1))
    clock.passes(timedelta(minutes=5))
    ada = signs_in(elsewhere(app, site_url, 20), ADA)
    told = ada.get("/account/why").text
    assert "the password was not right. (10 times)" in told
    assert "only browsers known here could sign in" in told


def test_a_known_browser_has_ten_tries_too(app: Flask, site_url: str) -> None:
    opens_account(app, ADA)
    thief = signs_in(elsewhere(app, site_url, 1), ADA)
    thief.submit("/account", action="/logout")
    told = [guesses(thief).status_code for _ in range(11)]
    assert told == [422] * 10 + [429]


def test_what_is_known_of_a_browser_says_nothing_and_cannot_be_made_up(
    app: Flask, site_url: str
) -> None:
    for email in (ADA, GRACE):
        opens_account(app, email)
    grace = signs_in(elsewhere(app, site_url, 1), GRACE)
    cookie = grace.client.get_cookie("device", domain="127.0.0.1")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert GRACE not in cookie.decoded_value
    grace.submit("/account", action="/logout")
    for n in range(2, 13):
        guesses(elsewhere(app, site_url, n))
    # Hers is no key to Ada's account, and one that was changed is none at all.
    assert guesses(grace, ADA, PASSWORD).status_code == HTTPStatus.TOO_MANY_REQUESTS
    grace.client.set_cookie("device", cookie.value[:-2] + "xx", domain="127.0.0.1")
    signs_in(grace, GRACE)


def test_s15_forwarded_for_is_anybodys_words_without_a_proxy(app: Flask, site_url: str) -> None:
    visitor = elsewhere(app, site_url, 1)
    token = visitor.token_on("/login")
    answers = []
    for n in range(21):
        fields = {"csrf_token": token, "email": f"reader{n}@example.com", "password": "wrong"}
        headers = {"X-Forwarded-For": f"198.51.100.{n}", "X-Forwarded-Proto": "https"}
        answers.append(
            visitor.client.post("/login", data=fields, base_url=site_url, headers=headers)
        )
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert "Strict-Transport-Security" not in answers[0].headers


def test_s15_one_proxy_is_believed_for_one_hop(make_app: Callable[..., Flask]) -> None:
    app = make_app(TRUSTED_PROXIES="1", SITE_URL="https://letters.example")
    app.add_url_rule("/seen", view_func=lambda: request.remote_addr or "")
    for claimed in ("203.0.113.7", "10.0.0.1, 203.0.113.7"):
        headers = {"X-Forwarded-For": claimed, "X-Forwarded-Host": "evil.test"}
        client = app.test_client()
        answer = client.get("/seen", base_url="https://letters.example", headers=headers)
        assert answer.text == "203.0.113.7"


@pytest.mark.parametrize(
    ("ip", "whole"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_one_customer_of_a_network_is_one(ip: str, whole: str) -> None:
    assert limits.network(ip) == whole


@on_each_database
def test_thirty_at_once_are_ten(app: Flask, clock: MovableClock) -> None:
    door = Door("a test's", "Wait.", per_account=(Limit(10, HOUR),))

    def knock() -> Tried | None:
        with app.app_context():
            try:
                with transaction() as rows:
                    return limits.knock(rows, door, account=ADA, now=clock())
            except TooSoon:
                return None

    let_in = [tried for tried in at_once(*[knock] * 30) if tried]
    assert len(let_in) == 10
    assert [tried.closes for tried in let_in].count(True) == 1


@on_each_database
def test_whom_limits_counted_is_forgotten_after_a_day_and_never_named(
    app: Flask, site_url: str, clock: MovableClock
) -> None:
    guesses(elsewhere(app, site_url, 1))

    def kept() -> list[Attempt]:
        with app.app_context():
            works(app)
            return list(db.session.query(Attempt).all())

    assert len(kept()) == 2
    assert not [row for row in kept() if ADA in row.about or "203.0" in row.about]
    clock.passes(timedelta(days=1))
    assert kept() == []


@pytest.mark.parametrize("seconds", [0, 1, 59])
def test_the_oldest_try_that_counts_says_when(app: Flask, seconds: int) -> None:
    with app.app_context():
        now = clocks.now()
    limit = Limit(3, timedelta(minutes=1))
    times = [now - timedelta(seconds=n + seconds) for n in range(3)]
    expected = max(timedelta(), timedelta(seconds=58 - seconds))
    assert limits.wait_for(times, [limit], now=now) == expected


def test_a_full_house_counts_no_try(app: Flask, site_url: str) -> None:
    """Whoever is sent away because many are signing in has guessed nothing."""
    opens_account(app, ADA)
    visitor = elsewhere(app, site_url, 1)
    taken = [hashing._queue.places.acquire(blocking=False) for _ in range(hashing.IN_ALL)]
    assert all(taken)
    try:
        answers = [guesses(visitor) for _ in range(12)]
    finally:
        for _ in taken:
            hashing._queue.places.release()
    assert {answer.status_code for answer in answers} == {HTTPStatus.TOO_MANY_REQUESTS}
    assert answers[-1].headers["Retry-After"] == "5"
    assert guesses(visitor).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_every_door_of_an_account_ends_within_a_day() -> None:
    doors = [door for door in vars(attempts).values() if isinstance(door, Door)]
    assert len(doors) >= 3
    for door in doors:
        for limit in (*door.per_account, *door.per_asker, *door.per_network):
            assert limit.within <= limits.KEPT


def test_gunicorn_has_more_threads_than_people_who_may_wait_for_a_hash() -> None:
    found = re.search(r'"WEB_THREADS", "(\d+)"', (ROOT / "gunicorn.conf.py").read_text())
    assert found
    assert int(found[1]) >= hashing.IN_ALL + 8
