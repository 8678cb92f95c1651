"""What of a post reaches whom: through HTTP, with the locked words looked for everywhere."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask

from membership.commands import create_app
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import close
from tests.support.settings import settings

ATOM = "{http://www.w3.org/2005/Atom}"
LOCKED = "heliotrope"  # stands behind the paywall of every post here that has one
POSTS = {
    "open": "access: public\n---\nAll may [read](/plans) this.\n\n<!-- more -->\n\nThe end.",
    "marked": f"access: premium\n---\nTeaser.\n\n<!-- more -->\n\n## {LOCKED}\n\n{LOCKED} again.",
    "summed-up": f"access: premium\nsummary: In short.\n---\n{LOCKED}, from the first word.",
    "first-paragraph": f"access: premium\n---\nTeaser.\n\n{LOCKED}, after it.",
    "for-members": f"access: members\n---\nTeaser.\n\n<!-- more -->\n\n{LOCKED} for members.",
    "unready": f"access: public\ndraft: true\n---\nTeaser.\n\n{LOCKED} is not ready.",
}
PREMIUM = ["/posts/marked", "/posts/summed-up", "/posts/first-paragraph"]
EVERYWHERE = ["/", "/posts", "/feed.xml", "/posts/unready", *PREMIUM, "/posts/for-members"]


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: MovableClock, site_url: str) -> Iterator[Flask]:
    """The application with these posts, and no sandbox: nobody pays here."""
    folder = tmp_path / "content" / "posts"
    folder.mkdir(parents=True)
    for day, (slug, text) in enumerate(POSTS.items(), start=1):
        head = f"---\ntitle: About {slug}\ndate: 2026-11-{day:02}\n"
        (folder / f"{slug}.md").write_text(head + text)
    changed = {"SITE_URL": site_url, "DATABASE_URL": database_url}
    app = create_app(settings(CONTENT_DIR=str(folder.parent), **changed), clock=clock)
    yield app
    close(app)


@pytest.mark.parametrize("address", EVERYWHERE)
def test_a_visitor_meets_no_locked_word_anywhere(visitor: Browser, address: str) -> None:
    answer = visitor.get(address)
    assert answer.status_code == (404 if "unready" in address else 200)
    assert LOCKED not in answer.text


@pytest.mark.parametrize("address", [a for a in EVERYWHERE if a != "/posts/for-members"])
def test_grace_meets_none_but_what_is_for_members(grace: Browser, address: str) -> None:
    assert LOCKED not in grace.get(address).text
    assert LOCKED in grace.get("/posts/for-members").text


@pytest.mark.parametrize("address", PREMIUM)
def test_what_edsger_paid_for_once_is_shut_again(edsger: Browser, address: str) -> None:
    assert LOCKED not in edsger.get(address).text


@pytest.mark.parametrize("address", [*PREMIUM, "/posts/for-members"])
def test_ada_reads_all_of_it(ada: Browser, address: str) -> None:
    assert LOCKED in ada.get(address).text


@pytest.mark.parametrize("suffix", [".css", "/", "/a.css", "%00", "?format=raw"])
def test_no_trick_with_the_address_opens_a_post(visitor: Browser, suffix: str) -> None:
    assert LOCKED not in visitor.get("/posts/marked" + suffix).text


def test_what_stands_open_is_there_for_everybody(visitor: Browser) -> None:
    assert "Teaser." in visitor.get("/posts/marked").text
    assert "In short." in visitor.get("/posts/summed-up").text
    assert "The end." in visitor.get("/posts/open").text


def test_a_locked_post_knows_the_way_back(visitor: Browser) -> None:
    assert "next=/posts/marked" in visitor.get("/posts/marked").text.replace("%2F", "/")


def test_the_feed_is_the_same_whoever_asks(visitor: Browser, ada: Browser) -> None:
    hers = ada.get("/feed.xml")
    assert hers.data == visitor.get("/feed.xml").data
    assert hers.cache_control.public
    assert not hers.cache_control.no_store


def test_the_feed_is_atom_with_whole_addresses(visitor: Browser, site_url: str) -> None:
    answer = visitor.get("/feed.xml")
    assert answer.mimetype == "application/atom+xml"
    feed = ET.fromstring(answer.data)  # noqa: S314 (our own)
    by_title = {e.findtext(f"{ATOM}title"): e for e in feed.iter(f"{ATOM}entry")}
    assert len(by_title) == 5
    content = by_title["About open"].findtext(f"{ATOM}content") or ""
    assert f'href="{site_url}/plans"' in content
    assert "The end." in content
    teaser = by_title["About summed-up"].findtext(f"{ATOM}content") or ""
    assert teaser.startswith("<p>In short.</p>")
    assert f'href="{site_url}/posts/summed-up#more"' in teaser


def test_an_unchanged_feed_is_not_sent_again(visitor: Browser, site_url: str) -> None:
    etag = visitor.get("/feed.xml").headers["ETag"]
    again = visitor.client.get("/feed.xml", base_url=site_url, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_what_a_member_reads_is_not_kept_by_caches(ada: Browser) -> None:
    answer = ada.get("/posts/marked")
    assert answer.cache_control.no_store
    assert "Cookie" in answer.vary
