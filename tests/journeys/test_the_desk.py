"""The owner at the desk, on a phone and at a desk, as they see it."""

import re

from playwright.sync_api import Page, expect

from tests.support.chromium import DESK, PHONE, Windows
from tests.support.dashboard import Dashboard
from tests.support.people import PASSWORD
from tests.support.site import Site
from tests.support.windows import address, comes_to_say, joins, presses, signs_in


def fits(page: Page) -> bool:
    """Nothing has to be pushed aside to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def is_an_owner(page: Page, site: Site) -> str:
    olive = address("olive")
    joins(page, site, olive)
    site.flask("owner", "add", olive)
    signs_in(page, site, olive)
    return olive


def goes_to(page: Page, room: str) -> None:
    page.get_by_role("navigation", name="Desk").get_by_role("link", name=room).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(room)
    assert fits(page)


def test_a_payment_finds_its_member_and_its_member_is_helped(site: Site, windows: Windows) -> None:
    hers = windows.open()
    grace, at_work = address("grace"), address("grace.at.work")
    joins(hers, site, grace)
    hers.goto(Dashboard(site).payment_link())
    hers.get_by_label("Email").fill(at_work)
    presses(hers, "Subscribe for €5.00")
    expect(hers.get_by_role("heading", name="Thank you")).to_be_visible()

    phone = windows.open(width=PHONE, colours="dark")
    olive = is_an_owner(phone, site)
    phone.get_by_role("link", name="Desk").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Overview")
    assert fits(phone)
    comes_to_say(phone, f"{site.url}/admin/payments", at_work)
    assert fits(phone)
    phone.get_by_role("link", name=at_work).click()
    phone.locator("#email").fill(grace)
    phone.locator("#password").fill(PASSWORD)
    assert fits(phone)
    presses(phone, "Give it to this member")
    expect(phone.get_by_role("status")).to_contain_text("what it opens is open")
    opened = hers.goto(f"{site.url}/premium")
    assert opened
    assert opened.status == 200

    desk = windows.open(width=DESK, javascript=False)
    signs_in(desk, site, olive)
    desk.goto(f"{site.url}/admin")
    goes_to(desk, "Events")
    goes_to(desk, "People")
    desk.get_by_label("Address, name").fill(grace)
    presses(desk, "Find")
    desk.get_by_role("link", name=grace).click()
    expect(desk.get_by_text(re.compile("Open until .*“Membership” is paid"))).to_be_visible()
    expect(desk.get_by_text("A payment was found to be this account’s")).to_be_visible()
    desk.get_by_role("link", name="Shut the account").click()
    presses(desk, "Shut the account")
    expect(desk.get_by_role("alert")).to_contain_text("Enter your password")
    desk.locator("#password").fill(PASSWORD)
    presses(desk, "Shut the account")
    expect(desk.get_by_role("status")).to_contain_text("cannot sign in any more")
    hers.goto(f"{site.url}/premium")
    expect(hers).to_have_url(re.compile("/login"))
