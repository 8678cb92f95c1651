"""A member's own feed: all of what they may read, at an address that is a key and can be ended."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import passwords
from tests.support.asked import asked_of
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import ADA, MONTH
from tests.support.signed_in import everything_stored, is_shut_out
from tests.support.writing import writes

ATOM = "{http://www.w3.org/2005/Atom}"
MakeApp = Callable[..., Flask]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    writes(tmp_path, "lamps", "Open.\n\n<!-- more -->\n\nHeliotrope.", access="premium")
    writes(tmp_path, "owls", "Open.\n\n<!-- more -->\n\nTawny.", access="members")
    writes(tmp_path, "guide", "Open.\n\n<!-- more -->\n\nChimneys.", access="guide")
    writes(tmp_path, "doors", "Hinges, <of> all & \x0b sorts.", title="Doors & <windows>")
    return tmp_path


@pytest.fixture
def app(make_app: MakeApp, content: Path) -> Flask:
    return make_app(CONTENT_DIR=str(content))


def makes_feed(member: Browser) -> str:
    """The path of the feed's address, as the account page shows it."""
    assert member.submit("/account", action="/account/feed").status_code == 303
    shown = shown_on_account(member)
    assert shown
    return shown


def shown_on_account(member: Browser) -> str | None:
    found = re.search(r'value="(http[^"]+/feed/[^"]+)"', member.get("/account").text)
    return found[1].removeprefix(member.site_url) if found else None


def texts(answer: TestResponse) -> dict[str, str]:
    """What the feed has of each post, by its address."""
    feed = ET.fromstring(answer.data)  # noqa: S314 (our own)
    return {
        (entry.findtext(f"{ATOM}id") or "").rpartition("/")[2]: entry.findtext(f"{ATOM}content")
        or ""
        for entry in feed.iter(f"{ATOM}entry")
    }


@on_each_database
def test_ada_reads_what_she_may_in_her_feed_reader_for_as_long_as_she_may(
    app: Flask, ada: Browser, browser: Callable[[], Browser], clock: MovableClock
) -> None:
    address, reader = makes_feed(ada), browser()
    answer = reader.get(address)
    assert answer.mimetype == "application/atom+xml"
    found = texts(answer)
    assert "Heliotrope." in found["lamps"]
    assert "Tawny." in found["owls"]
    assert "Chimneys." not in found["guide"]
    assert f'href="{ada.site_url}/posts/guide#more"' in found["guide"]
    clock.passes(MONTH + timedelta(days=2))
    over = texts(reader.get(address))
    assert "Heliotrope." not in over["lamps"]
    assert "Tawny." in over["owls"]


def test_a_feed_is_no_session(app: Flask, ada: Browser, browser: Callable[[], Browser]) -> None:
    address, reader = makes_feed(ada), browser()
    answer = reader.get(address)
    assert "Set-Cookie" not in answer.headers
    assert "Set-Cookie" not in ada.get(address).headers
    assert ada.get(address).headers["Cache-Control"] == answer.headers["Cache-Control"]
    assert answer.cache_control.private
    assert not answer.cache_control.public
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert reader.get("/posts/lamps").text.count("Heliotrope") == 0
    head = reader.client.head(address, base_url=ada.site_url)
    assert (head.status_code, head.data) == (200, b"")
    with asked_of(app) as asked:
        reader.get(address)
    assert len([statement for statement, _ in asked if "SELECT" in statement]) == 1


def test_what_has_not_changed_is_not_sent_again(
    ada: Browser, browser: Callable[[], Browser], clock: MovableClock
) -> None:
    address, reader = makes_feed(ada), browser()
    known = {"If-None-Match": reader.get(address).headers["ETag"]}
    again = reader.client.get(address, base_url=ada.site_url, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    clock.passes(MONTH + timedelta(days=2))
    assert reader.client.get(address, base_url=ada.site_url, headers=known).status_code == 200


@on_each_database
def test_another_address_ends_the_one_before_and_so_does_a_new_password(
    app: Flask, ada: Browser, browser: Callable[[], Browser]
) -> None:
    first, reader = makes_feed(ada), browser()
    second = makes_feed(ada)
    assert first != second
    assert [reader.get(a).status_code for a in (first, second)] == [410, 200]
    passwords.changes(ada)
    assert reader.get(second).status_code == 410
    third = makes_feed(ada)
    assert ada.submit("/account", action="/account/feed/end").status_code == 303
    gone = reader.get(third)
    assert gone.status_code == 410
    assert "Heliotrope" not in gone.text
    assert shown_on_account(ada) is None
    told = ada.get("/account/security").text
    assert told.count("The account got a feed of its own") == 2
    assert told.count("got another address") == 1
    assert told.count("address of the account’s own feed was ended") == 2


def test_an_account_that_is_shut_has_no_feed(
    app: Flask, ada: Browser, browser: Callable[[], Browser]
) -> None:
    address = makes_feed(ada)
    is_shut_out(app, ADA)
    assert browser().get(address).status_code == 410


def test_nobody_finds_the_address_later(
    app: Flask, ada: Browser, browser: Callable[[], Browser], clock: MovableClock
) -> None:
    address = makes_feed(ada)
    token = address.removeprefix("/feed/").removesuffix(".xml")
    assert token not in everything_stored(app)
    assert token not in ada.get("/account/data.json").text
    clock.passes(timedelta(minutes=10))
    assert token not in ada.get("/account").text
    assert browser().get(address).status_code == 200
    for guess in ("x", token[:-1], f"{token}x", "%00", "é"):
        assert browser().get(f"/feed/{guess}.xml").status_code == 410


def test_a_feed_that_is_asked_for_all_the_time_has_to_wait_and_no_other(
    make_app: MakeApp, content: Path, site_url: str, clock: MovableClock
) -> None:
    app = make_app(CONTENT_DIR=str(content), RATELIMIT_ENABLED="true")
    reader = Browser(app, site_url)
    answers = [reader.get("/feed/a.xml").status_code for _ in range(121)]
    assert (answers[119], answers[120]) == (410, 429)
    assert reader.get("/feed/b.xml").status_code == 410


def test_whatever_a_post_is_called_a_feed_is_xml(visitor: Browser) -> None:
    feed = ET.fromstring(visitor.get("/feed.xml").data)  # noqa: S314 (our own)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert "Doors & <windows>" in titles
    for needed in ("id", "title", "updated"):
        for element in (feed, *feed.iter(f"{ATOM}entry")):
            assert element.findtext(f"{ATOM}{needed}")
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == 4
