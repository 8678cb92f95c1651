"""A locked post that stays open in one window while its reader gets it in another."""

from playwright.sync_api import expect

from tests.support.chromium import PHONE, Windows
from tests.support.site import Site
from tests.support.windows import address, joins

POST = "/posts/a-night-with-the-lamp-crew"


def test_the_rest_comes_by_itself_where_the_reader_is(site: Site, windows: Windows) -> None:
    grace = address("grace")
    page = windows.open(width=PHONE)
    joins(page, site, grace)
    page.goto(f"{site.url}{POST}")
    card = page.get_by_role("heading", name="This post is part of Premium")
    rest = page.get_by_role("heading", name="Ten to four")
    status = page.locator("#unlocked")
    card.scroll_into_view_if_needed()
    page.get_by_role("link", name="Skip to content").evaluate("link => link.focus()")
    page.evaluate("window.neverReloaded = true")
    place = page.evaluate("[scrollX, scrollY]")
    expect(rest).to_have_count(0)
    expect(status).to_be_empty()

    site.flask("members", "comp", grace)
    expect(rest).to_have_count(1)
    expect(card).to_have_count(0)
    expect(status).to_have_text("Unlocked")
    assert page.evaluate("[scrollX, scrollY]") == place
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    assert page.evaluate("window.neverReloaded")
