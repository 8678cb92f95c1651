"""Sessions that the server can end, and their owner can see."""

import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask
from flask_login import encode_cookie
from sqlalchemy import select

from membership.accounts import disabling, registration
from membership.accounts.models import SignIn, User
from membership.db import db, transaction
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.forms import form_on
from tests.support.passwords import NEW, can_sign_in, changes
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import (
    cookie_of,
    copy_of,
    everything_stored,
    is_in,
    is_shut_out,
    token_of,
)

SECURITY = "/account/security"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1"
)
MakeApp = Callable[..., Flask]


@pytest.fixture
def phone(app: Flask, browser: Callable[[], Browser], ada: Browser) -> Browser:
    """Ada's other device; `ada` is the first."""
    device = browser()
    device.client.environ_base["HTTP_USER_AGENT"] = IPHONE
    device.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    return signs_in(device, ADA)


def ticked(page: str) -> list[str]:
    """What can be ticked on the page: the other devices' numbers."""
    return re.findall(r'name="sessions" value="(\d+)"', page)


def ends(browser: Browser, *, password: str = PASSWORD, **typed: str) -> int:
    form = form_on(browser.get(SECURITY).text, path=SECURITY, action=SECURITY)
    return browser.post(SECURITY, form.filled({"password": password, **typed})).status_code


def test_s17_signing_in_gives_a_new_session_and_leaves_the_old_one_a_visitors(
    app: Flask, visitor: Browser
) -> None:
    opens_account(app, ADA)
    seen_before = visitor.token_on("/login")
    planted = copy_of(visitor, app)
    signs_in(visitor, ADA)
    assert is_in(visitor)
    assert not is_in(planted)
    forged = visitor.post("/logout", {"csrf_token": seen_before})
    assert forged.status_code == HTTPStatus.BAD_REQUEST  # what the planter knows of it is over
    assert is_in(visitor)


def test_s17_who_left_a_session_of_his_own_in_her_browser_does_not_get_hers(
    app: Flask, edsger: Browser
) -> None:
    opens_account(app, ADA)
    planter = copy_of(edsger, app)
    sent = {"csrf_token": edsger.token_on("/account"), "email": ADA, "password": PASSWORD}
    assert edsger.post("/login", sent).status_code == HTTPStatus.SEE_OTHER
    assert ADA in edsger.get("/account").text
    assert not is_in(planter)


def test_s17_who_becomes_an_owner_signs_in_anew(grace: Browser, app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["owner", "add", GRACE])
    assert done.exit_code == 0, done.output
    assert not is_in(grace)
    assert is_in(signs_in(grace, GRACE))


def test_s19_the_cookie_says_nothing_and_never_the_same_twice(
    ada: Browser, browser: Callable[[], Browser], app: Flask
) -> None:
    tokens = {token_of(signs_in(browser(), ADA)) for _ in range(25)}
    assert len(tokens) == 25
    assert all(len(token) >= 43 for token in tokens)  # 256 bits, in six each
    stored = everything_stored(app)
    assert not any(token in stored for token in tokens)
    with ada.client.session_transaction(base_url=ada.site_url) as session:
        assert ADA not in str(dict(session))


@pytest.mark.parametrize("mark", ["|", "|é", "||", "|" + "0" * 128, ""])
def test_s20_a_cookie_that_we_never_gave_signs_nobody_in_and_breaks_nothing(
    ada: Browser, browser: Callable[[], Browser], mark: str
) -> None:
    """The one of Flask-Login's own, which would outlive what ends a session here."""
    visitor = browser()
    visitor.client.set_cookie("remember_token", token_of(ada) + mark, domain="127.0.0.1")
    assert visitor.get("/plans").status_code == HTTPStatus.OK
    assert not is_in(visitor)


def test_s20_not_even_when_it_is_signed(ada: Browser, visitor: Browser, app: Flask) -> None:
    with app.app_context():
        signed = encode_cookie(token_of(ada))
    visitor.client.set_cookie("remember_token", signed, domain="127.0.0.1")
    assert not is_in(visitor)


@on_each_database
def test_s20_signing_out_ends_the_session_wherever_its_cookie_is(ada: Browser, app: Flask) -> None:
    thief = copy_of(ada, app)
    assert ada.get("/logout").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert ada.post("/logout", {}).status_code == HTTPStatus.BAD_REQUEST  # nobody's form
    assert is_in(ada)
    for page in ("/account", SECURITY, "/account/password", "/premium", "/plans"):
        assert 'action="/logout"' in ada.get(page).text, page
    ada.submit("/account", action="/logout")
    assert not is_in(thief)


def test_s21_a_session_left_alone_ends_and_so_does_a_busy_one(
    make_app: MakeApp, site_url: str, clock: MovableClock
) -> None:
    app = make_app(SESSION_IDLE_DAYS="3", SESSION_LIFETIME_DAYS="7")
    opens_account(app, ADA)
    idle = signs_in(Browser(app, site_url), ADA)
    busy = signs_in(Browser(app, site_url), ADA)
    for _ in range(3):
        clock.passes(timedelta(days=2))
        assert is_in(busy)
    assert not is_in(idle)
    clock.passes(timedelta(days=1))
    assert not is_in(busy)


def test_s22_a_changed_password_ends_every_other_session_and_every_copy(
    ada: Browser, phone: Browser, app: Flask
) -> None:
    thief = copy_of(ada, app)
    assert changes(ada).status_code == HTTPStatus.SEE_OTHER
    assert is_in(ada)
    assert not is_in(phone)
    assert not is_in(thief)  # who had a copy of the very cookie
    assert can_sign_in(phone, ADA, NEW)


@on_each_database
def test_s22_a_disabled_account_is_out_at_once_and_does_not_come_back(
    ada: Browser, phone: Browser, app: Flask
) -> None:
    is_shut_out(app, ADA)
    assert not is_in(ada)
    assert not is_in(phone)
    assert not can_sign_in(ada, ADA, PASSWORD)
    with app.app_context(), transaction() as rows:
        user = registration.find(rows, ADA)
        assert user
        disabling.enable(rows, user)
    assert not is_in(ada)  # the sessions are over all the same
    assert can_sign_in(ada, ADA, PASSWORD)


def test_s23_a_member_sees_each_device_and_which_is_this_one(
    ada: Browser, phone: Browser, clock: MovableClock
) -> None:
    page = ada.get(SECURITY).text
    assert "Safari on an iPhone" in page
    assert "192.0.2.7" in page
    assert "A browser on Linux <span>this device</span>" in page
    assert len(ticked(page)) == 1
    here = phone.get(SECURITY).text
    assert "Safari on an iPhone <span>this device</span>" in here


@on_each_database
def test_s23_one_device_is_signed_out_and_the_others_stay(
    ada: Browser, phone: Browser, browser: Callable[[], Browser]
) -> None:
    tablet = signs_in(browser(), ADA)
    page = phone.get(SECURITY).text
    newest_first = ticked(page)
    assert len(newest_first) == 2
    assert ends(phone, sessions=newest_first[0]) == HTTPStatus.SEE_OTHER
    assert [is_in(tablet), is_in(ada), is_in(phone)] == [False, True, True]


def test_s23_all_others_are_signed_out_and_copies_of_this_ones_cookie(
    ada: Browser, phone: Browser, app: Flask
) -> None:
    thief = copy_of(ada, app)
    assert ends(ada, others="Sign out all of them") == HTTPStatus.SEE_OTHER
    assert [is_in(ada), is_in(phone), is_in(thief)] == [True, False, False]
    assert "You are signed in nowhere else" in ada.get(SECURITY).text


def test_s23_it_takes_the_password_and_a_choice(ada: Browser, phone: Browser) -> None:
    other = ticked(ada.get(SECURITY).text)[0]
    assert ends(ada, sessions=other, password="a guess") == HTTPStatus.UNPROCESSABLE_ENTITY
    assert ends(ada) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert is_in(phone)


def test_s23_nobody_ends_somebody_elses(
    ada: Browser, phone: Browser, grace: Browser, app: Flask
) -> None:
    with app.app_context():
        graces = db.session.scalars(
            select(SignIn.id).join(User, User.id == SignIn.user_id).where(User.email == GRACE)
        ).one()
    assert "iPhone" not in grace.get(SECURITY).text
    for number in (graces, 999):  # hers is as if there were none
        assert ends(ada, sessions=str(number)) == HTTPStatus.SEE_OTHER
    for nonsense in ("0", "-1", "9" * 30, "x"):
        assert ends(ada, sessions=nonsense) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert is_in(grace)
    assert is_in(phone)


def test_staying_signed_in_survives_a_changed_password(
    app: Flask, visitor: Browser, browser: Callable[[], Browser]
) -> None:
    opens_account(app, ADA)
    visitor.submit("/login", action="/login", email=ADA, password=PASSWORD, remember="y")
    changes(visitor)
    assert cookie_of(visitor).expires is not None
    brief = browser()
    brief.submit("/login", action="/login", email=ADA, password=NEW)
    changes(brief, "a third one that she will keep", NEW)
    assert cookie_of(brief).expires is None


def test_whoever_takes_their_device_elsewhere_stays_signed_in_and_nothing_is_noted(
    ada: Browser,
) -> None:
    def kept() -> dict[str, object]:
        with ada.client.session_transaction(base_url=ada.site_url) as session:
            return dict(session)

    assert is_in(ada)
    before = kept()
    ada.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert is_in(ada)
    assert kept() == before


def test_a_new_secret_key_signs_nobody_out_while_the_old_one_is_kept(
    make_app: MakeApp, site_url: str
) -> None:
    """S64's other half: a key that was changed without its fallback is worth nothing."""
    old, new = "k" * 32, "n" * 32
    before = make_app(SECRET_KEY=old)
    opens_account(before, ADA)
    ada = signs_in(Browser(before, site_url), ADA)
    assert is_in(copy_of(ada, make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=f"{'o' * 32},{old}")))
    assert not is_in(copy_of(ada, make_app(SECRET_KEY=new)))
