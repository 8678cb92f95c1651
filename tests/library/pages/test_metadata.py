"""What search engines, and who is sent an address, learn of the site: nothing that is locked."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.writing import writes

HOSTILE = "\"Lamps\" </script><script>alert(1)</script> & 'owls'"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    locked = "Open.\n\n<!-- more -->\n\nHeliotrope."
    writes(tmp_path, "lamps", locked, access="premium", title=json.dumps(HOSTILE), author="Ines")
    writes(tmp_path, "doors", "Hinges of all sorts.", date="2026-11-01", updated="2026-11-09")
    writes(tmp_path, "draft", "Hush.", draft="true")
    return make_app(CONTENT_DIR=str(tmp_path))


def json_ld(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_a_locked_post_says_so_and_no_word_more(visitor: Browser, site_url: str) -> None:
    page = visitor.get("/posts/lamps").text
    told = json_ld(page)
    assert told["@type"] == "Article"
    assert told["headline"] == HOSTILE
    assert told["isAccessibleForFree"] is False
    assert told["hasPart"]["cssSelector"] == ".paywall"
    assert 'class="paywall"' in page
    assert told["mainEntityOfPage"] == f"{site_url}/posts/lamps"
    assert "Heliotrope" not in page
    assert "<script>alert" not in page


def test_an_open_post_has_its_address_and_its_description(visitor: Browser, site_url: str) -> None:
    page = visitor.get("/posts/doors?look=again").text
    assert f'<link rel="canonical" href="{site_url}/posts/doors">' in page
    assert f'<meta property="og:url" content="{site_url}/posts/doors">' in page
    assert '<meta name="description" content="Hinges of all sorts.">' in page
    told = json_ld(page)
    assert told["isAccessibleForFree"] is True
    assert "hasPart" not in told
    assert told["dateModified"] == "2026-11-09"


def test_the_sitemap_has_every_public_page_and_nothing_unpublished(
    visitor: Browser, site_url: str
) -> None:
    answer = visitor.get("/sitemap.xml")
    assert answer.mimetype == "application/xml"
    assert answer.cache_control.public
    listed = [
        url.findtext(f"{SITEMAP}loc") or ""
        for url in ET.fromstring(answer.data)  # noqa: S314 (our own)
    ]
    assert {f"{site_url}{path}" for path in ("/", "/posts", "/plans", "/tags", "/posts/lamps")} <= {
        *listed
    }
    assert not [address for address in listed if "draft" in address]
    for address in listed:
        assert visitor.get(address.removeprefix(site_url)).status_code == 200


def test_the_sitemap_is_drawn_once_and_anew_when_a_posts_day_comes(
    make_app: Callable[..., Flask], tmp_path: Path, site_url: str, clock: MovableClock
) -> None:
    tomorrow = clock().date() + timedelta(days=1)
    writes(tmp_path, "tomorrow", date=tomorrow.isoformat())
    app = make_app(CONTENT_DIR=str(tmp_path))
    visitor = Browser(app, site_url)
    before = visitor.get("/sitemap.xml").text
    drawn = app.extensions["sitemap"].drawn
    assert visitor.get("/sitemap.xml").text == before
    assert app.extensions["sitemap"].drawn is drawn
    assert "/posts/tomorrow" not in before
    clock.passes(timedelta(days=1))
    assert f"{site_url}/posts/tomorrow</loc>" in visitor.get("/sitemap.xml").text


def test_robots_are_told_where_the_sitemap_is_and_what_is_nobodys_business(
    visitor: Browser, site_url: str
) -> None:
    answer = visitor.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert f"Sitemap: {site_url}/sitemap.xml" in answer.text
    for path in ("/account", "/admin", "/feed/"):
        assert f"Disallow: {path}\n" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/posts", "/plans", "/posts/doors"])
def test_each_public_page_has_one_address_a_title_and_a_description(
    visitor: Browser, site_url: str, path: str
) -> None:
    page = visitor.get(path).text
    assert page.count('rel="canonical"') == 1
    assert f'<link rel="canonical" href="{site_url}{path}">' in page
    assert page.count("<title>") == 1
    assert re.search(r'<meta name="description" content="[^"]{10,}">', page)
