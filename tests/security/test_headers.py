"""What every answer tells a browser, whatever kind of answer it is."""

import re
import socket
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from membership.commands import create_app
from tests.support.browser import Browser
from tests.support.people import ADA, PASSWORD, opens_account, signs_in
from tests.support.ports import free_ports
from tests.support.served import served
from tests.support.settings import settings
from tests.support.stripe_signs import body, event, signature

SITE = "https://letters.example"
EVERY_ANSWER = {
    "Content-Security-Policy": r"^default-src 'none'; (?!.*unsafe).*form-action 'self' ",
    "Strict-Transport-Security": r"^max-age=31536000; includeSubDomains$",
    "X-Content-Type-Options": r"^nosniff$",
    "X-Frame-Options": r"^DENY$",
    "Referrer-Policy": r"^(strict-origin-when-cross-origin|same-origin|no-referrer)$",
    "Cross-Origin-Opener-Policy": r"^same-origin$",
    "Cross-Origin-Resource-Policy": r"^same-origin$",
    "Permissions-Policy": r"^camera=\(\), microphone=\(\), geolocation=\(\), payment=\(\)$",
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    app = make_app(SITE_URL=SITE)
    app.add_url_rule("/breaks", view_func=_breaks)
    return app


@pytest.fixture
def visitor(app: Flask) -> Browser:
    return Browser(app, SITE)


def _breaks() -> str:
    raise ValueError("a secret in the works")


def lacking(answer: TestResponse) -> list[str]:
    """Headers of every answer that this one has not, or has otherwise."""
    return [
        name
        for name, value in EVERY_ANSWER.items()
        if not re.search(value, answer.headers.get(name, ""))
    ]


GETS = {
    "/": 200,
    "/login": 200,
    "/static/app.css": 200,
    "/static/no-such.css": 404,
    "/feed.xml": 200,
    "/healthz": 200,
    "/no-such-page": 404,
    "/account": 303,
    "/premium": 302,
    "/logout": 405,
    "/breaks": 500,
}


@pytest.mark.parametrize(("path", "status"), GETS.items())
def test_s62_every_kind_of_answer_has_every_header(
    visitor: Browser, path: str, status: int
) -> None:
    with closing(visitor.get(path)) as answer:
        assert answer.status_code == status
        assert lacking(answer) == []
        assert "Server" not in answer.headers


def test_s62_refusals_and_webhooks_have_them_too(visitor: Browser) -> None:
    raw = body(event())
    signed = {"Stripe-Signature": signature(raw)}
    webhook = visitor.client.post("/webhooks/stripe", data=raw, base_url=SITE, headers=signed)
    unsigned = visitor.client.post("/webhooks/stripe", data=raw, base_url=SITE)
    another_host = visitor.client.get("/", base_url="https://evil.test")
    too_large = visitor.post("/subscribe", {"email": "a" * 300_000})
    stale = visitor.post("/login", {"email": ADA})
    trace = visitor.client.open("/", method="TRACE", base_url=SITE)
    answers = [webhook, unsigned, another_host, too_large, stale, trace]
    assert [a.status_code for a in answers] == [200, 400, 400, 413, 400, 405]
    assert [lacking(answer) for answer in answers] == [[]] * 6


def test_s24_every_cookie_is_bound_to_this_host_and_out_of_reach(
    app: Flask, visitor: Browser
) -> None:
    opens_account(app, ADA)
    first = visitor.get("/login").headers.getlist("Set-Cookie")
    answer = visitor.client.post(
        "/login",
        base_url=SITE,
        data={
            "csrf_token": visitor.token_on("/login"),
            "email": ADA,
            "password": PASSWORD,
            "remember": "y",
        },
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    cookies = first + answer.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-session", "__Host-device"}
    for cookie in cookies:
        attributes = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
        assert "Domain" not in cookie
        assert len(cookie) < 4096
    assert answer.headers["Cache-Control"] == "no-store"


def test_s61_what_depends_on_who_asks_is_kept_by_nobody(app: Flask, visitor: Browser) -> None:
    opens_account(app, ADA)
    signs_in(visitor, ADA)
    paths = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    assert len(paths) > 15
    same_for_all = {"/feed.xml", "/sitemap.xml", "/robots.txt", "/favicon.svg"}
    for path in set(paths) - {"/healthz", "/readyz"} - same_for_all:
        headers = visitor.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert "Cookie" in headers["Vary"], path


def test_s61_what_is_the_same_for_everybody_does_not_differ_by_cookie(ada: Browser) -> None:
    """Else no cache could keep it."""
    paths = ("/feed.xml", "/sitemap.xml", "/robots.txt", "/favicon.svg", "/static/app.css")
    for path in (*paths, "/images/corner.png"):
        with ada.get(path) as answer:
            assert "Vary" not in answer.headers, path
            assert "Set-Cookie" not in answer.headers, path


def test_s61_public_pages_without_a_form_set_no_cookie(visitor: Browser) -> None:
    for path in ("/posts", "/posts/the-sound-of-a-good-door", "/plans", "/feed.xml", "/healthz"):
        assert "Set-Cookie" not in visitor.get(path).headers, path


def test_s61_a_members_page_has_no_other_name_under_which_to_keep_it(
    app: Flask, visitor: Browser
) -> None:
    opens_account(app, ADA)
    signs_in(visitor, ADA)
    for path in ("/account/a.css", "/account;a.css", "/account%2Fa.css", "/premium/x.js"):
        answer = visitor.get(path)
        assert answer.status_code == HTTPStatus.NOT_FOUND, path
        assert answer.headers["Cache-Control"] == "no-store"


def test_s44_a_host_that_is_not_ours_is_answered_with_nothing_of_its_own(visitor: Browser) -> None:
    for path in ("/", "/login", "/feed.xml", "/no-such-page", "/static/app.css"):
        for host in (
            "evil.test",
            "letters.example.evil.test",
            "evil.test:443",
            "letters.example@x",
        ):
            answer = visitor.client.get(path, base_url=SITE, headers={"Host": host})
            assert answer.status_code == HTTPStatus.BAD_REQUEST, (path, host)
            assert "evil" not in answer.text
    forwarded = {"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}
    answer = visitor.client.get("/feed.xml", base_url=SITE, headers=forwarded)
    assert "evil.test" not in answer.text
    assert SITE in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
def test_s45_methods_nobody_needs_are_refused(app: Flask, visitor: Browser, method: str) -> None:
    adapter = app.url_map.bind("")
    paths = {
        adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
        for rule in app.url_map.iter_rules()
    }
    for path in paths:
        answer = visitor.client.open(path, method=method, base_url=SITE)
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED, path
        assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]


def test_s45_the_same_field_twice_breaks_nothing_and_counts_once(
    app: Flask, visitor: Browser
) -> None:
    pages = [rule.rule for rule in app.url_map.iter_rules() if not rule.arguments]
    for path in set(pages) - {"/breaks", "/readyz"}:
        asked = "&".join(f"{name}=1&{name}=//evil" for name in ("id", "price", "next", "id[]"))
        assert visitor.get(f"{path}?{asked}").status_code < HTTPStatus.INTERNAL_SERVER_ERROR, path
    opens_account(app, ADA)
    fields = {"csrf_token": visitor.token_on("/login"), "password": PASSWORD}
    for emails, status in (
        (["nobody@example.com", ADA], HTTPStatus.UNPROCESSABLE_ENTITY),
        ([ADA, "nobody@example.com"], HTTPStatus.SEE_OTHER),
    ):
        sent = {**fields, "email": emails}
        answer = visitor.client.post("/login", data=sent, base_url=SITE)
        assert answer.status_code == status, emails


def test_s46_what_is_too_large_is_refused_before_it_has_arrived() -> None:
    """Only the head of a request of 10 MB is sent: the answer does not wait for the rest."""
    port = free_ports(1)[0]
    app = create_app(settings(SITE_URL=f"http://127.0.0.1:{port}"))
    with served(app, port), socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(
            b"POST /subscribe HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 10000000\r\n\r\n"
        )
        assert line.recv(200).split(b"\r\n")[0].split()[1] == b"413"
