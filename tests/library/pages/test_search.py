"""The search page, as four people use it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.writing import writes

LOCKED = "heliotrope"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    writes(tmp_path, "gardens", f"Teaser.\n\n<!-- more -->\n\nThe {LOCKED}.", access="premium")
    writes(tmp_path, "draft", f"A {LOCKED}, some day.", draft="true")
    for number in range(23):
        writes(tmp_path, f"lamp-{number}", f"Lamp {number}.", title=f"Number {number}")
    return tmp_path


@pytest.fixture
def app(make_app: Callable[..., Flask], content: Path) -> Flask:
    return make_app(CONTENT_DIR=str(content))


def test_ada_finds_what_she_may_read_and_others_find_nothing(
    visitor: Browser, grace: Browser, edsger: Browser, ada: Browser
) -> None:
    for person in (visitor, grace, edsger):
        nothing = person.get(f"/search?q={LOCKED}")
        assert (nothing.status_code, "gardens" in nothing.text) == (200, False)
        assert "Nothing found" in nothing.text
    page = ada.get(f"/search?q={LOCKED}").text
    assert f"The <mark>{LOCKED}</mark>." in page
    assert "1 post has" in page


def test_pages_follow_one_another(visitor: Browser) -> None:
    first, last = visitor.get("/search?q=lamp").text, visitor.get("/search?q=lamp&page=3").text
    assert "23 posts have" in first
    assert 'href="/search?page=2&amp;q=lamp"' in first
    assert first.count("<article") == 10
    assert last.count("<article") == 3
    for nowhere in ("4", "0", "-1", "x", "1e3", "²", "9" * 30):
        assert visitor.get(f"/search?q=lamp&page={nowhere}").status_code == 404


def test_what_is_asked_is_shown_and_never_obeyed(visitor: Browser) -> None:
    page = visitor.get("/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22").text
    assert "<script>alert" not in page
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;&#34;"' in page
    assert len(visitor.get("/search?q=" + "a" * 3000).text) < 10_000


def test_whatever_is_typed_there_is_a_page(visitor: Browser) -> None:
    for asked in ("", "%22", "%F0%9F%99%82", "%00", "%ff", "AND", "+"):
        assert visitor.get(f"/search?q={asked}").status_code == 200, asked


def test_what_was_searched_for_is_not_for_search_engines(visitor: Browser) -> None:
    assert '<meta name="robots" content="noindex">' in visitor.get("/search?q=lamp").text
    assert "noindex" not in visitor.get("/search").text


def test_without_its_file_search_says_so_and_leads_on(visitor: Browser, content: Path) -> None:
    for made in (content / "cache").iterdir():
        made.unlink()
    page = visitor.get("/search?q=lamp")
    assert page.status_code == 200
    assert "Search is resting" in page.text
    assert visitor.get("/posts/lamp-1").status_code == 200


def test_where_nothing_can_be_kept_the_site_starts_without_search(
    make_app: Callable[..., Flask], site_url: str, content: Path
) -> None:
    (content / "a-file").write_bytes(b"")
    app = make_app(CONTENT_DIR=str(content), CACHE_DIR=str(content / "a-file" / "cache"))
    visitor = Browser(app, site_url)
    assert "Search is resting" in visitor.get("/search?q=lamp").text
    assert "Number 1" in visitor.get("/posts").text


def test_who_asks_without_end_is_asked_to_wait(
    make_app: Callable[..., Flask], site_url: str, content: Path
) -> None:
    visitor = Browser(make_app(CONTENT_DIR=str(content), RATELIMIT_ENABLED="true"), site_url)
    answers = [visitor.get("/search?q=lamp").status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
