"""Light or dark is chosen at the foot of any page, kept in a cookie, and drawn by the server."""

from collections.abc import Callable
from http import HTTPStatus

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.forms import form_on

SITE = "https://letters.example"


def chooses(person: Browser, path: str, theme: str) -> str:
    """Press the button at the foot of this page; where that leads."""
    form = form_on(person.get(path).text, path=path, action="/theme")
    answer = person.client.post(
        form.action,
        data=form.filled({"theme": theme}),
        base_url=person.site_url,
        headers={"Referer": person.site_url + path},
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    return answer.location


def colours(person: Browser, path: str = "/posts") -> str:
    """What the page's <html> says of its colours."""
    return person.get(path).text.partition("<html")[2].partition(">")[0]


def test_a_visitor_chooses_and_is_back_where_they_were(visitor: Browser) -> None:
    assert "data-theme" not in colours(visitor)
    assert chooses(visitor, "/posts", "dark") == "/posts#colours"
    for path in ("/posts", "/login", "/no-such-page"):
        assert 'data-theme="dark"' in colours(visitor, path)
    assert chooses(visitor, "/login?next=/premium", "light") == "/login?next=/premium#colours"
    assert 'data-theme="light"' in colours(visitor)
    chooses(visitor, "/posts", "system")
    assert "data-theme" not in colours(visitor)
    assert visitor.client.get_cookie("theme", domain="127.0.0.1") is None


def test_choosing_begins_no_session(visitor: Browser) -> None:
    answer = visitor.submit("/posts", action="/theme", theme="dark")
    assert answer.headers.getlist("Set-Cookie")[0].startswith("theme=dark;")
    assert len(answer.headers.getlist("Set-Cookie")) == 1
    assert "Set-Cookie" not in visitor.get("/posts").headers


def test_the_cookie_is_kept_a_year_and_bound_to_the_site(make_app: Callable[..., Flask]) -> None:
    visitor = Browser(make_app(SITE_URL=SITE), SITE)
    cookie = visitor.submit("/posts", action="/theme", theme="dark").headers["Set-Cookie"]
    assert cookie.startswith("__Host-theme=dark; ")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"):
        assert attribute in cookie
    assert 'data-theme="dark"' in colours(visitor)


def test_what_is_no_choice_is_neither_kept_nor_shown(visitor: Browser) -> None:
    answer = visitor.post("/theme", {"theme": '"><script>', "back": "/posts"})
    assert "Set-Cookie" not in answer.headers
    visitor.client.set_cookie("theme", '"><b>', domain="127.0.0.1")
    assert "data-theme" not in colours(visitor)
    assert "<b>" not in visitor.get("/posts").text


@pytest.mark.parametrize("back", ["https://evil.test", "//evil.test", "/\\evil.test", "", "x"])
def test_nobody_is_led_off_the_site(visitor: Browser, back: str) -> None:
    assert visitor.post("/theme", {"theme": "dark", "back": back}).location == "/#colours"


def test_no_page_repeats_what_its_address_asks(visitor: Browser) -> None:
    assert "heliotrope" not in visitor.get("/posts?for=heliotrope").text
    assert chooses(visitor, "/posts?page=1&for=heliotrope", "dark") == (
        "/posts?page=1&for=heliotrope#colours"
    )


@pytest.mark.parametrize(
    "referrer",
    [
        "{site}/login?next=/x",
        "{site}/posts?\\evil.test",
        "https://evil.test/posts?x",
        "http://[",
        "",
    ],
)
def test_what_a_browser_says_of_its_page_leads_nobody_astray(
    visitor: Browser, referrer: str
) -> None:
    answer = visitor.client.post(
        "/theme",
        data={"theme": "dark", "back": "/posts"},
        base_url=visitor.site_url,
        headers={"Referer": referrer.format(site=visitor.site_url)},
    )
    assert answer.location == "/posts#colours"


def test_another_site_chooses_for_nobody(visitor: Browser) -> None:
    answer = visitor.client.post(
        "/theme", data={"theme": "dark"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "Set-Cookie" not in answer.headers


def test_the_answer_to_a_form_leads_back_to_a_page_that_can_be_opened(visitor: Browser) -> None:
    wrong = visitor.submit("/", action="/subscribe", email="nobody")
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert '<input type="hidden" name="back" value="/">' in wrong.text


def test_answers_alike_for_everybody_stay_so(visitor: Browser) -> None:
    """A cache may keep the feed and the icon whatever colours were chosen, but no page."""
    kept = {path: visitor.get(path).data for path in ("/feed.xml", "/favicon.svg")}
    chooses(visitor, "/posts", "dark")
    for path, before in kept.items():
        answer = visitor.get(path)
        assert answer.data == before
        assert answer.cache_control.public
    assert "Cookie" in visitor.get("/posts").headers["Vary"]
