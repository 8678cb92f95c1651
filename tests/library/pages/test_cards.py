"""The card where a locked post stops speaks to whoever reads it, and leads back to that place."""

from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from tests.support import people
from tests.support.asked import asked_of
from tests.support.browser import Browser
from tests.support.paying import copy_catalogue
from tests.support.people import ADA, GRACE, PASSWORD
from tests.support.writing import writes


@pytest.fixture
def app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    text = "Open.\n\n<!-- more -->\n\nHeliotrope."
    for access in ("premium", "members", "guide", "unsold"):
        writes(tmp_path, access, text, access=access)
    app = make_app(CONTENT_DIR=str(tmp_path))
    copy_catalogue(app)
    return app


def card(reader: Browser, access: str) -> str:
    page = unescape(reader.get(f"/posts/{access}").text)
    return page[page.index('class="paywall"') : page.index("</section>")]


def test_a_visitor_is_told_what_it_is_and_how_to_come_in(visitor: Browser) -> None:
    said = card(visitor, "premium")
    assert "for paying members" in said
    assert "Already a member?" in said
    assert 'href="/login?next=/posts/premium%23more"' in said
    assert "Joining is free" in card(visitor, "members")


def test_grace_is_told_which_plans_open_it(grace: Browser) -> None:
    said = card(grace, "premium")
    assert "your account is free" in said
    assert "Choose a plan and it opens straight away: Membership or The Field Guide." in said
    assert "Heliotrope" in grace.get("/posts/members").text


def test_who_has_another_plan_is_told_what_it_opens_and_which_opens_this(
    app: Flask, browser: Callable[[], Browser]
) -> None:
    user_id = people.opens_account(app, ADA)
    people.is_granted(app, user_id, "guide", ends_at=None)
    said = card(people.signs_in(browser(), ADA), "premium")
    assert "what you have opens Guide." in said
    assert "it opens straight away: Membership or" in said


def test_edsger_is_told_why_and_what_would_help(edsger: Browser) -> None:
    said = card(edsger, "premium")
    assert "Premium is closed to you at the moment" in said
    assert "What you were given ended on" in said
    assert "See the plans" in said


def test_what_no_plan_opens_is_not_sold(grace: Browser) -> None:
    said = card(grace, "unsold")
    assert "No plan that is on sale opens Unsold" in said
    assert "See the plans" not in said


def test_who_signs_in_is_back_at_the_place_where_it_stopped(
    app: Flask, browser: Callable[[], Browser]
) -> None:
    people.opens_account(app, GRACE)
    reader = browser()
    way_in = "/login?next=/posts/members%23more"
    answer = reader.submit(way_in, action=way_in, email=GRACE, password=PASSWORD)
    assert answer.location == "/posts/members#more"
    assert 'id="more"' in reader.get("/posts/members").text
    assert 'id="more"' in reader.get("/posts/premium").text


def test_another_window_asks_whether_it_is_open_by_now(
    app: Flask, visitor: Browser, grace: Browser
) -> None:
    assert 'data-unlock="/posts/members/open"' in visitor.get("/posts/members").text
    assert "data-unlock" not in grace.get("/posts/members").text
    assert visitor.get("/posts/members/open").json == {"open": False}
    with asked_of(app) as asked:
        answer = grace.get("/posts/members/open")
    assert answer.json == {"open": True}
    assert answer.cache_control.no_store
    assert len([statement for statement, _ in asked if "SELECT" in statement]) == 1
    assert grace.get("/posts/premium/open").json == {"open": False}
    assert grace.get("/posts/no-such/open").status_code == 404


def test_without_javascript_a_link_shows_it(visitor: Browser, grace: Browser) -> None:
    link = "/posts/members?look=again#more"
    assert f'<a href="{link}">Show the whole post</a>' in visitor.get("/posts/members").text
    assert "Heliotrope" in grace.get("/posts/members?look=again").text
