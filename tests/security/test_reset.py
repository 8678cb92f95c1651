"""A forgotten password: who reads the mail gets in, and nobody else learns anything."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import pytest
from flask import Flask

from membership.accounts.models import PasswordReset
from membership.accounts.resetting import resets
from membership.db import db, transaction
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.mail import Work, code_for, mails_to
from tests.support.passwords import (
    NEW,
    asks_for_link,
    can_sign_in,
    changes,
    gets_link,
    link_in_mail,
    sets_by_link,
)
from tests.support.people import ADA, EDSGER, GRACE, opens_account, signs_in
from tests.support.signed_in import copy_of, everything_stored, is_in, is_shut_out
from tests.support.threads import at_once

STRANGER = "nobody@example.com"
LINK_MAIL = "A new password for Latchkey"
MakeApp = Callable[..., Flask]


def is_gone(browser: Browser, link: str) -> bool:
    page = browser.get(link)
    return page.status_code == HTTPStatus.GONE and "does not work any more" in page.text


@on_each_database
def test_s29_the_link_sets_a_password_once(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    done = sets_by_link(visitor, link)
    assert (done.status_code, done.location) == (HTTPStatus.SEE_OTHER, "/account")
    assert is_in(visitor)
    assert is_gone(visitor, link)
    again = visitor.post(link, {"password": "another one of hers, entirely"})
    assert again.status_code == HTTPStatus.BAD_REQUEST  # the page it was on is over
    assert can_sign_in(Browser(app, visitor.site_url), ADA, NEW)


def test_s29_the_link_is_long_and_nowhere_in_the_database(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    token = link.removeprefix("/reset/")
    assert len(token) >= 128 / 6
    assert token not in everything_stored(app)
    assert is_gone(visitor, link[:-1] + ("A" if link[-1] != "A" else "B"))
    assert not is_gone(visitor, link)


def test_s29_it_dies_after_an_hour(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    clock.passes(timedelta(minutes=59))
    assert not is_gone(visitor, link)
    clock.passes(timedelta(minutes=1))
    assert is_gone(visitor, link)


def test_s29_the_newest_wins(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, clock: MovableClock
) -> None:
    older = gets_link(visitor, work, sandbox, ADA)
    clock.passes(timedelta(minutes=2))
    newer = gets_link(visitor, work, sandbox, ADA)
    assert older != newer
    assert is_gone(visitor, older)
    assert sets_by_link(visitor, newer).status_code == HTTPStatus.SEE_OTHER


def test_s29_a_changed_password_ends_a_link_that_is_under_way(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    changes(ada)
    assert is_gone(visitor, link)


@on_each_database
def test_s29_two_uses_at_once_are_one(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask, clock: MovableClock
) -> None:
    token = gets_link(visitor, work, sandbox, ADA).removeprefix("/reset/")

    def use() -> bool:
        with app.test_request_context(), transaction() as rows:
            return bool(resets.use(rows, token, "a hash", now=clock()))

    assert sorted(at_once(*[use] * 4)) == [False, False, False, True]


def test_s30_the_answer_is_the_same_for_every_address(
    ada: Browser, browser: Callable[[], Browser], app: Flask
) -> None:
    opens_account(app, EDSGER)
    is_shut_out(app, EDSGER)

    def answers(email: str) -> tuple[int, str | None, str]:
        person = browser()
        answer = asks_for_link(person, email)
        page = person.follow(answer).text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        said = page.replace(token, "token").replace(email, "address")
        return answer.status_code, answer.location, said

    hers = answers(ADA)
    assert hers[:2] == (HTTPStatus.SEE_OTHER, "/forgot/sent")
    assert answers(STRANGER) == hers
    assert answers(EDSGER) == hers


def test_s30_everybody_gets_a_mail_that_fits(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    visitor.submit("/", action="/subscribe", email=GRACE)
    work()
    visitor.submit("/join", action="/join", code=code_for(sandbox, GRACE))
    opens_account(app, EDSGER)
    is_shut_out(app, EDSGER)
    said = {}
    for email in (ADA, GRACE, EDSGER, STRANGER):
        asks_for_link(visitor, email)
        work()
        said[email] = sandbox.mailbox.latest(to=email).text
    assert f"{visitor.site_url}/reset/" in said.pop(ADA)
    assert "only the newsletter" in said[GRACE]
    assert "has been shut" in said[EDSGER]
    assert "There is no account at this address. Perhaps" in said[STRANGER]
    assert not any("/reset/" in text for text in said.values())


def test_s30_asking_again_and_again_sends_few_mails_and_then_says_how_long_to_wait(
    ada: Browser, browser: Callable[[], Browser], sandbox: Sandbox, work: Work
) -> None:
    for email in (ADA, STRANGER):
        answers = [asks_for_link(browser(), email) for _ in range(10)]
        work()
        assert 1 <= len(mails_to(sandbox, email)) <= 5
        assert answers[-1].status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert "You can try again in" in answers[-1].text


def test_s30_a_strangers_asking_does_not_shut_the_door_to_a_browser_of_hers(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    for _ in range(12):
        asks_for_link(visitor, ADA)
    ada.submit("/account", action="/logout")
    assert sets_by_link(ada, gets_link(ada, work, sandbox, ADA)).location == "/account"


@pytest.mark.parametrize(
    ("site", "header", "status"),
    [
        (None, {"Host": "evil.test"}, HTTPStatus.BAD_REQUEST),
        (None, {"X-Forwarded-Host": "evil.test"}, HTTPStatus.SEE_OTHER),
        ("http://localhost:81", {}, HTTPStatus.SEE_OTHER),  # answered, and still not its name
    ],
)
def test_s31_the_link_leads_to_the_site_whatever_host_was_named(
    ada: Browser,
    app: Flask,
    sandbox: Sandbox,
    work: Work,
    site: str | None,
    header: dict[str, str],
    status: int,
) -> None:
    visitor = Browser(app, site or ada.site_url)
    sent = {"csrf_token": visitor.token_on("/forgot"), "email": ADA}
    answer = visitor.client.post("/forgot", data=sent, base_url=visitor.site_url, headers=header)
    assert answer.status_code == status
    work()
    texts = [text for mail in sandbox.mailbox.to(ADA) for text in (mail.text, mail.html or "")]
    assert len(texts) == (2 if status == HTTPStatus.SEE_OTHER else 0)
    assert all(f"{ada.site_url}/reset/" in text for text in texts)
    assert not any("evil.test" in text or "localhost" in text for text in texts)


def test_s31_the_page_tells_nobody_where_it_is(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    for path in (link, "/reset/nothing"):
        page = visitor.get(path)
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"


def test_s31_the_form_works_in_a_browser_that_names_no_origin(
    make_app: MakeApp, sandbox: Sandbox
) -> None:
    """With no-referrer a browser sends no Referer, and "null" for the Origin: also by https."""
    site = "https://letters.example"
    app = make_app(SITE_URL=site)
    opens_account(app, ADA)
    ada = Browser(app, site)
    ada.client.environ_base.update(HTTP_SEC_FETCH_SITE="same-origin", HTTP_ORIGIN="null")
    assert ada.submit("/forgot", action="/forgot", email=ADA).location == "/forgot/sent"
    with app.app_context():
        (reset,) = db.session.query(PasswordReset).all()
        link = f"/reset/{resets.token_of(reset)}"
    assert sets_by_link(ada, link).location == "/account"


def test_s32_looking_at_the_link_spends_nothing(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    for _ in range(3):
        assert ADA in visitor.get(link).text
        visitor.client.head(link, base_url=visitor.site_url)
    assert sets_by_link(visitor, link, "too short").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert sets_by_link(visitor, link, ADA).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not is_in(visitor)
    assert sets_by_link(visitor, link).status_code == HTTPStatus.SEE_OTHER


def test_s32_whoever_was_signed_in_is_out(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    thief = copy_of(ada, app)
    sets_by_link(visitor, gets_link(visitor, work, sandbox, ADA))
    assert not is_in(ada)
    assert not is_in(thief)
    assert is_in(visitor)
    work()
    assert sandbox.mailbox.latest(to=ADA).subject == "Your password at Latchkey was changed"


def test_a_link_for_ada_opened_in_graces_browser_makes_it_adas(
    ada: Browser, grace: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    kept = copy_of(grace, app)
    sets_by_link(grace, gets_link(grace, work, sandbox, ADA))
    assert ADA in grace.get("/account").text
    assert not is_in(kept)


def test_a_shut_account_gets_in_by_no_link(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work, app: Flask
) -> None:
    link = gets_link(visitor, work, sandbox, ADA)
    is_shut_out(app, ADA)
    assert is_gone(visitor, link)


def test_the_mail_follows_a_change_of_the_secret_key(
    make_app: MakeApp, site_url: str, sandbox: Sandbox
) -> None:
    old, new = "k" * 32, "n" * 32
    before = make_app(SECRET_KEY=old)
    opens_account(before, ADA)
    asks_for_link(Browser(before, site_url), ADA)
    after = make_app(SECRET_KEY=new, SECRET_KEY_FALLBACKS=old)
    with after.app_context():
        (reset,) = db.session.query(PasswordReset).all()
        token = resets.token_of(reset)
    assert token
    assert sets_by_link(Browser(after, site_url), f"/reset/{token}").location == "/account"


def test_only_the_newest_of_two_quick_asks_is_mailed_a_link(
    ada: Browser, visitor: Browser, sandbox: Sandbox, work: Work
) -> None:
    asks_for_link(visitor, ADA)
    asks_for_link(visitor, ADA)
    work()
    assert mails_to(sandbox, ADA).count(LINK_MAIL) == 1
    assert not is_gone(visitor, link_in_mail(sandbox, ADA))


def test_asking_for_a_link_changes_nothing_by_itself(
    ada: Browser, visitor: Browser, browser: Callable[[], Browser]
) -> None:
    asks_for_link(visitor, ADA)
    assert is_in(ada)
    assert is_in(signs_in(browser(), ADA))
