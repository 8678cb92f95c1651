"""Requests that were not made by a person on a page of ours."""

import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from membership.db import db
from tests.support.browser import Browser
from tests.support.forms import forms_on
from tests.support.people import ADA, GRACE, PASSWORD, opens_account, signs_in

EVIL = "https://evil.test"


def everything(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds, but for when somebody was last seen."""
    with app.app_context(), db.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        return {
            table: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{table}"'))]  # noqa: S608 - our own tables' names
            for table in tables
        }


def is_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == HTTPStatus.OK


# S18


def test_s18_signing_in_is_not_done_by_get(app: Flask, visitor: Browser) -> None:
    opens_account(app, ADA)
    answer = visitor.get(f"/login?email={ADA}&password={quote(PASSWORD)}")
    assert PASSWORD not in answer.text
    assert not is_in(visitor)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("application/json", json.dumps({"email": ADA, "password": PASSWORD}).encode()),
        ("application/json", b'{"email": {"$ne": null}, "password": {"$ne": null}}'),
        ("application/x-www-form-urlencoded", b"email[]=x&password[]=x"),
        ("application/x-www-form-urlencoded", b"email=%00&password=%ff%fe"),
        ("application/x-www-form-urlencoded", b"email=" + b"a" * 1_000_000),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data", b"no boundary at all"),
        ("text/xml", b"<email>ada@example.com</email>"),
    ],
)
def test_s18_what_is_no_form_neither_breaks_nor_passes(
    app: Flask, visitor: Browser, kind: str, raw: bytes
) -> None:
    opens_account(app, ADA)
    headers = {"X-CSRFToken": visitor.token_on("/login"), "Content-Type": kind}
    answer = visitor.client.post("/login", data=raw, headers=headers, base_url=visitor.site_url)
    assert 400 <= answer.status_code < 500
    assert not is_in(visitor)


# S41


# Webhooks are signed; the choice of colours is kept in the sender's own cookie and nowhere else,
# and other sites' forms are refused there as everywhere (tests/pages/test_theme.py).
NO_TOKEN = {"stripe_webhook.receive", "mailerlite_webhook.receive", "theme.choose"}


def posts(app: Flask) -> list[str]:
    """Every address that takes a POST, with something where it wants something."""
    return sorted(
        app.url_map.bind("127.0.0.1").build(rule.endpoint, dict.fromkeys(rule.arguments, "1"))
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint not in NO_TOKEN
    )


def test_s41_every_post_needs_the_token_of_this_browser(
    app: Flask, ada: Browser, browser: Callable[[], Browser]
) -> None:
    strangers = browser().token_on("/login")
    before = everything(app)
    found = posts(app)
    assert len(found) > 8
    for path in found:
        for fields in ({}, {"csrf_token": ""}, {"csrf_token": strangers}):
            answer = ada.post(path, {**fields, "email": GRACE, "price": "price_1"})
            assert answer.status_code == HTTPStatus.BAD_REQUEST, path
            assert "reload it" in answer.text
    assert everything(app) == before


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": EVIL},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1.evil.test"},
    ],
)
def test_s41_a_form_on_another_site_is_refused_even_with_the_token(
    app: Flask, ada: Browser, said: dict[str, str]
) -> None:
    token, before = ada.token_on("/account"), everything(app)
    for path in posts(app):
        fields = {"csrf_token": token, "email": GRACE, "price": "price_1"}
        answer = ada.client.post(path, data=fields, headers=said, base_url=ada.site_url)
        assert answer.status_code == HTTPStatus.FORBIDDEN, path
    assert everything(app) == before
    assert is_in(ada)


def test_s44_a_form_of_another_site_by_another_name_of_ours_is_told_only_the_latter(
    visitor: Browser,
) -> None:
    headers = {"Host": "evil.test", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    answer = visitor.client.post("/login", headers=headers)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize(
    "said",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # from a page that sends no Referer
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_page_of_ours_is_recognised_however_little_a_browser_says(
    ada: Browser, said: dict[str, str]
) -> None:
    fields = {"csrf_token": ada.token_on("/account")}
    answer = ada.client.post("/logout", data=fields, headers=said, base_url=ada.site_url)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert not is_in(ada)


# S42


def test_s42_no_link_changes_anything(
    app: Flask, ada: Browser, visitor: Browser, sandbox: object
) -> None:
    """Every page that links lead to, and every address that takes a GET, opened twice."""
    ada.get("/plans")  # what is read from Stripe the first time somebody looks
    before = everything(app)
    for person in (ada, visitor):
        seen, waiting = set(), ["/", *gets(app)]
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = person.get(path)
            person.client.head(path, base_url=person.site_url).close()
            assert answer.status_code < 500 or path == "/readyz", path
            if answer.mimetype == "text/html":
                waiting += [link for link in links(answer.text) if link.startswith("/")]
            answer.close()
        assert len(seen) > 15
    assert everything(app) == before


def gets(app: Flask) -> list[str]:
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
    ]


def links(html: str) -> list[str]:
    parts = html.split('href="')[1:]
    found = [part.split('"')[0].replace("&amp;", "&") for part in parts]
    found += [form.action for form in forms_on(html, path="/") if form.method == "get"]
    return [link.split("#")[0] for link in found]


# S43

AWAY = [
    "https://evil.test",
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "https:evil.test",
    "https:/evil.test",
    "/%0d%0aLocation:%20https://evil.test",
    "\t//evil.test",
    "/\t/evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1@evil.test/",
    "/logout",
]


@pytest.mark.parametrize("target", AWAY)
def test_s43_next_never_leads_away(app: Flask, browser: Callable[[], Browser], target: str) -> None:
    opens_account(app, ADA)
    asked = f"next={quote(target)}"
    person = browser()
    for path in ("/plans", "/join", "/login"):
        person.get(f"{path}?{asked}")
    leads = [
        person.submit(f"/login?{asked}", action="/login", email=ADA, password=PASSWORD),
        person.get(f"/login?{asked}"),
        person.get(f"/join?{asked}"),
        person.submit("/account", action="/logout"),
    ]
    for answer in leads:
        assert answer.status_code in (302, 303)
        to = urlsplit(answer.location)
        assert to.netloc in ("", urlsplit(person.site_url).netloc), answer.location
        assert to.path.startswith("/")
        assert not to.path.startswith(("//", "/\\"))


def test_s43_signing_in_at_the_checkout_comes_back_here(app: Flask, visitor: Browser) -> None:
    opens_account(app, ADA)
    referrer = {"Referer": f"{EVIL}/x"}
    fields = {"csrf_token": visitor.token_on("/login"), "price": "nonsense"}
    answer = visitor.client.post(
        "/billing/portal", data=fields, headers=referrer, base_url=visitor.site_url
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert "evil" not in answer.location
    assert is_in(signs_in(visitor, ADA))
