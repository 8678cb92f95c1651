"""With an https SITE_URL: cookies that stay there, and browsers that come back by https."""

from collections.abc import Callable

from flask import Flask

from tests.support.browser import Browser

SITE = "https://letters.example"


def test_cookies_are_host_bound_and_https_is_remembered(make_app: Callable[..., Flask]) -> None:
    visitor = Browser(make_app(SITE_URL=SITE), SITE)
    answer = visitor.get("/login")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
