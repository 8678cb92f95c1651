"""The whole story in real windows: phone and desk, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.chromium import DESK, PHONE, Windows
from tests.support.people import PASSWORD
from tests.support.site import Site
from tests.support.windows import address, joins, presses


@pytest.mark.parametrize(
    ("width", "javascript"),
    [(PHONE, True), (DESK, True), (PHONE, False)],
    ids=["phone", "desk", "phone without scripts"],
)
def test_from_an_address_to_an_open_page_and_out_again(
    site: Site, windows: Windows, width: int, javascript: bool
) -> None:
    email = address("ada")
    page = windows.open(width=width, javascript=javascript)
    joins(page, site, email)

    page.get_by_role("button", name="Continue to payment, €5.00 a month").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Subscribe to Membership")
    presses(page, "Subscribe for €5.00")
    expect(page).to_have_url(f"{site.url}/premium")

    page.goto(f"{site.url}/account")
    expect(page.get_by_text("Renews on")).to_be_visible()
    presses(page, "Cancel")
    presses(page, "Cancel subscription")
    expect(page).to_have_url(f"{site.url}/account")
    expect(page.get_by_text("Ends on")).to_be_visible()

    presses(page, "Sign out")
    page.goto(f"{site.url}/premium")
    expect(page).to_have_url(f"{site.url}/login?next=/premium")
    page.get_by_label("Email address").fill(email)
    page.locator("#password").fill(PASSWORD)
    presses(page, "Sign in")
    expect(page).to_have_url(f"{site.url}/premium")


def test_a_declined_card_stays_on_stripes_page_and_the_way_back_is_open(
    site: Site, windows: Windows
) -> None:
    page = windows.open(width=PHONE)
    joins(page, site, address("ada"))
    page.get_by_role("button", name="Continue to payment, €5.00 a month").click()
    page.get_by_role("radio", name=re.compile("4000 0000 0000 0002")).check()
    presses(page, "Subscribe for €5.00")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    page.get_by_role("link", name="Go back without paying").click()
    expect(page.get_by_text("You chose Membership")).to_be_visible()
    page.goto(f"{site.url}/premium")
    expect(page.get_by_role("link", name="See the plans").first).to_be_visible()


def test_a_locked_post_leads_to_payment_and_back_to_the_post(site: Site, windows: Windows) -> None:
    page = windows.open()
    joins(page, site, address("ada"))
    page.goto(f"{site.url}/posts")
    page.locator("article", has_text="Premium").get_by_role("link").first.click()
    post = page.url
    page.locator("main").get_by_role("link", name=re.compile("plans", re.IGNORECASE)).first.click()
    page.get_by_role("button", name="Continue to payment, €5.00 a month").click()
    presses(page, "Subscribe for €5.00")
    expect(page).to_have_url(f"{post}#more")  # where they stopped reading


def test_the_back_button_shows_nothing_after_signing_out(site: Site, windows: Windows) -> None:
    page = windows.open()
    joins(page, site, address("ada"))
    page.goto(f"{site.url}/account")
    presses(page, "Sign out")
    expect(page).to_have_url(f"{site.url}/")  # there is a page before this one only then
    page.go_back()
    expect(page).to_have_url(re.compile("/login"))
