"""Pages tell people to write to us: below each of them it says where."""

from collections.abc import Callable

from flask import Flask

from tests.support.browser import Browser


def test_every_page_says_where_to_write(make_app: Callable[..., Flask], site_url: str) -> None:
    visitor = Browser(make_app(CONTACT_EMAIL="letters@example.com"), site_url)
    for path in ("/", "/claim", "/account/email/undo/1.abc", "/no-such-page"):
        page = visitor.follow(visitor.get(path)).text
        assert '<a href="mailto:letters@example.com">Write to us</a>' in page, path


def test_nobody_is_sent_to_an_address_that_nobody_reads(visitor: Browser) -> None:
    assert "mailto:" not in visitor.get("/").text
