"""Pages that the owner writes: terms, privacy, and any other file in content/pages."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask

from membership.pages import texts
from tests.support.browser import Browser
from tests.support.people import GRACE, opens_account, signs_in

SITE = "https://letters.example"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A folder with no posts, and no pages yet."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "pages").mkdir()
    return tmp_path


def writes(content: Path, name: str, text: str, *, title: str = "Help", more: str = "") -> None:
    head = f"---\ntitle: {title}\nsummary: What it is about.\n{more}---\n\n"
    (content / "pages" / name).write_text(head + text)


def test_a_file_is_a_page_and_stands_below_every_page(
    make_app: Callable[..., Flask], content: Path, site_url: str
) -> None:
    writes(content, "help.md", "Ask **{{ SITE_NAME }}** at {{ CONTACT }}.", title="Help me")
    app = make_app(CONTENT_DIR=str(content), SITE_NAME="Crumb", CONTACT_EMAIL="us@example.com")
    visitor = Browser(app, site_url)
    page = visitor.get("/help").text
    assert "<title>Help me · Crumb</title>" in page
    assert 'Ask <strong>Crumb</strong> at <a href="mailto:us@example.com"' in page
    for path in ("/", "/no-such-page"):
        assert '<a href="/help">Help me</a>' in visitor.get(path).text


def test_what_only_the_owner_knows_is_marked_until_it_is_written(
    make_app: Callable[..., Flask], content: Path, site_url: str
) -> None:
    writes(content, "terms.md", "We are [[your <name>]].")
    app = make_app(CONTENT_DIR=str(content), SITE_NAME="<i>")
    assert "<mark>your &lt;name&gt;</mark>" in Browser(app, site_url).get("/terms").text
    with app.app_context():
        assert [text.gaps for text in texts.listed()] == [("your &lt;name&gt;",)]


def test_a_page_in_a_markdown_obeys_no_html(
    make_app: Callable[..., Flask], content: Path, site_url: str
) -> None:
    writes(content, "help.md", "<script>alert(1)</script> [x](javascript:alert(1)) {{ SITE_NAME }}")
    page = Browser(make_app(CONTENT_DIR=str(content), SITE_NAME="<b>us</b>"), site_url)
    text = page.get("/help").text
    assert "<script>alert" not in text
    assert 'href="javascript' not in text
    assert "<b>us</b>" not in text


@pytest.mark.parametrize(
    ("name", "text", "more", "said"),
    [
        ("plans.md", "Ours.", "", "pages/plans.md: the site has a page of its own at /plans"),
        ("help.md", "{{ SECRET_KEY }}", "", "SECRET_KEY }} is not known"),
        ("help.md", "Hello.", "author: me\n", "author is not a field"),
        ("help.md", "", "", "pages/help.md: is missing"),
        ("Help!.md", "Hello.", "", "the file's name becomes the address"),
    ],
)
def test_a_page_that_cannot_be_shown_as_it_was_meant_stops_the_start(
    make_app: Callable[..., Flask], content: Path, name: str, text: str, more: str, said: str
) -> None:
    writes(content, name, text, more=more)
    with pytest.raises(SystemExit, match=re.escape(said)):
        make_app(CONTENT_DIR=str(content))


def test_privacy_names_every_cookie_there_is(make_app: Callable[..., Flask]) -> None:
    app = make_app(SITE_URL=SITE)
    opens_account(app, GRACE)
    person = Browser(app, SITE)
    signs_in(person, GRACE)
    person.submit("/posts", action="/theme", theme="dark")
    kept = {cookie.key for cookie in (person.client._cookies or {}).values()}
    assert len(kept) == 3
    named = re.findall(r"<td><code>([^<]+)</code></td>", person.get("/privacy").text)
    assert set(named) == kept


def test_terms_and_privacy_say_what_the_settings_are(
    make_app: Callable[..., Flask], site_url: str
) -> None:
    app = make_app(GRACE_DAYS="11", SESSION_IDLE_DAYS="5", EVENTS_KEEP_DAYS="33")
    visitor = Browser(app, site_url)
    assert "stays open for 11 days" in visitor.get("/terms").text
    privacy = " ".join(visitor.get("/privacy").text.split())
    assert "ends after 5 days without a visit" in privacy
    assert "after 33 days" in privacy
    assert "set CONTACT_EMAIL</mark>" in privacy


def test_every_link_of_the_owners_pages_leads_somewhere(grace: Browser, app: Flask) -> None:
    with app.app_context():
        pages = texts.listed()
    assert {text.slug for text in pages} >= {"privacy", "terms"}
    for text in pages:
        for path in re.findall(r'href="(/[^"]*)"', text.html):
            assert grace.get(path).status_code == HTTPStatus.OK, path
