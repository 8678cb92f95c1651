"""Finding a post again: pages, months, tags, and what stands beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from membership.accounts.models import User
from membership.db import transaction
from tests.support import people
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.people import MONTH, OLIVE
from tests.support.writing import writes


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path, clock: MovableClock) -> Flask:
    """Posts of two years, a draft, and one that comes in a month."""
    writes(tmp_path, "door", title="The door", date="2025-12-31", tags="[Doors, 'Long reads']")
    writes(tmp_path, "lamp", title="The lamp", date="2026-01-01", tags="[night, long reads]")
    writes(tmp_path, "bench", title="The bench", date="2026-01-02", tags="[long reads, doors]")
    writes(tmp_path, "hidden", "Hush.", title="The draft", tags="[night, secret]", draft="true")
    later = clock() + MONTH
    writes(tmp_path, "later", title="The next", date=f"{later:%Y-%m-%d}", tags="[secret]")
    return make_app(CONTENT_DIR=str(tmp_path))


@pytest.fixture
def owner(app: Flask, browser: Callable[[], Browser]) -> Browser:
    user_id = people.opens_account(app, OLIVE)
    with app.app_context(), transaction() as rows:
        rows.get_one(User, user_id).is_owner = True
    return people.signs_in(browser(), OLIVE)


def test_posts_are_found_by_their_month(visitor: Browser) -> None:
    page = visitor.get("/archive").text
    assert page.index("/archive/2026/1") < page.index("/archive/2025/12")
    assert "The lamp" in visitor.get("/archive/2026/1").text
    assert "The door" not in visitor.get("/archive/2026/1").text
    assert "The door" in visitor.get("/archive/2025").text


def test_posts_are_found_by_their_tags_however_they_are_spelt(visitor: Browser) -> None:
    page = visitor.get("/tags").text
    assert 'href="/tags/long-reads">long reads<span class="count"> 3' in page
    assert "secret" not in page
    tagged = visitor.get("/tags/doors").text
    assert ("The door" in tagged, "The bench" in tagged, "The lamp" in tagged) == (
        True,
        True,
        False,
    )


def test_where_nothing_is_nothing_is_found(visitor: Browser) -> None:
    for nowhere in (
        *("/archive/2024", "/archive/2026/2", "/archive/2026/13", "/archive/0000/0", "/archive/x"),
        *("/tags/secret", "/tags/Doors", "/tags/%00", "/posts?page=2", "/posts?page=0"),
        *("/tags/doors?page=2", "/archive/2026?page=99999999"),
    ):
        assert visitor.get(nowhere).status_code == 404, nowhere


def test_a_post_leads_on(visitor: Browser) -> None:
    page = visitor.get("/posts/lamp").text.split("</article>")[1]
    assert 'rel="prev" href="/posts/door"' in page
    assert 'rel="next" href="/posts/bench"' in page
    assert 'href="/tags/long-reads"' in page
    related = page.split("Like this one")[1].split("</ul>")[0]
    assert related.index("/posts/bench") < related.index("/posts/door")  # both share one tag


def test_the_first_and_the_last_have_one_neighbour(visitor: Browser) -> None:
    assert 'rel="prev"' not in visitor.get("/posts/door").text
    assert 'rel="next"' not in visitor.get("/posts/bench").text


def test_long_lists_come_in_pages(
    make_app: Callable[..., Flask], site_url: str, tmp_path: Path
) -> None:
    for number in range(41):
        writes(tmp_path, f"p{number:02}", tags="[one]", date="2026-01-05")
    visitor = Browser(make_app(CONTENT_DIR=str(tmp_path)), site_url)
    for path in ("/posts", "/tags/one", "/archive/2026", "/archive/2026/1"):
        pages = [visitor.get(f"{path}?page={number}") for number in (1, 2, 3, 4)]
        counts = [page.text.count('<article class="entry">') for page in pages[:3]]
        assert (path, counts, pages[3].status_code) == (path, [20, 20, max(counts[2], 1)], 404)


NOT_YET = ("/posts/hidden", "/posts/later")
LISTS = ("/", "/posts", "/archive", "/tags", "/feed.xml", "/sitemap.xml", "/search?q=hush")


def test_what_is_not_published_is_nowhere_for_anybody(
    visitor: Browser, ada: Browser, grace: Browser
) -> None:
    for person in (visitor, ada, grace):
        assert [person.get(path).status_code for path in NOT_YET] == [404, 404]
        for path in (*LISTS, "/posts/bench", "/posts/lamp"):
            page = person.get(path).text
            assert "The draft" not in page, path
            assert "The next" not in page, path


def test_the_owner_looks_at_it_where_it_will_be(owner: Browser) -> None:
    page = owner.get("/posts/hidden")
    assert page.status_code == 200
    assert "This is a draft" in page.text
    assert "Hush." in page.text
    assert page.cache_control.no_store
    assert "This comes on" in owner.get("/posts/later").text
    listed = owner.get("/posts").text
    assert listed.index("The next") < listed.index("The draft") < listed.index("The bench")
    for path in LISTS[2:]:
        assert "The draft" not in owner.get(path).text, path


def test_whoever_writes_on_their_own_machine_needs_no_account(app: Flask, visitor: Browser) -> None:
    app.debug = True
    assert "This is a draft" in visitor.get("/posts/hidden").text
    assert "The draft" in visitor.get("/posts").text
    assert "The draft" not in visitor.get("/feed.xml").text


def test_a_post_comes_by_itself_on_its_day(
    visitor: Browser, owner: Browser, clock: MovableClock
) -> None:
    assert "The next" not in visitor.get("/posts").text
    clock.passes(MONTH)
    assert visitor.get("/posts/later").status_code == 200
    assert "The next" in visitor.get("/tags/secret").text


def test_an_empty_library_leads_on(
    make_app: Callable[..., Flask], site_url: str, tmp_path: Path
) -> None:
    (tmp_path / "posts").mkdir()
    visitor = Browser(make_app(CONTENT_DIR=str(tmp_path)), site_url)
    for path, words in (
        ("/posts", "Nothing here yet"),
        ("/archive", "Nothing here yet"),
        ("/tags", "No subjects yet"),
        ("/downloads", "No files yet"),
        ("/search?q=lamp", "Nothing found"),
    ):
        assert words in visitor.get(path).text, path
