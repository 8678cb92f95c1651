"""A member moves to another address, and one says goodbye, in real windows."""

import re

from playwright.sync_api import expect

from tests.support.chromium import PHONE, Windows
from tests.support.people import PASSWORD
from tests.support.site import Site
from tests.support.windows import address, code_in_mailbox, comes_to_say, joins, presses


def test_a_member_moves_on_a_phone_and_the_old_address_takes_it_back(
    site: Site, windows: Windows
) -> None:
    old, new = address("grace"), address("hopper")
    page = windows.open(width=PHONE, javascript=False)
    joins(page, site, old)
    page.goto(f"{site.url}/account")
    page.get_by_role("link", name="Change your address").click()
    page.get_by_label("New email address").fill(new)
    page.locator("#password").fill(PASSWORD)
    presses(page, "Send a code there")
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter the code")
    page.get_by_label("Code").fill("000 000")
    presses(page, "Change my address")
    expect(page.get_by_role("alert")).to_contain_text("tries left")
    page.get_by_label("Code").fill(code_in_mailbox(page, site, new))
    presses(page, "Change my address")
    expect(page.get_by_role("status")).to_contain_text(f"Your address is {new} now")

    reader = windows.open()
    comes_to_say(reader, site.mailbox_url, re.compile("Open this page and press its button"))
    notice = reader.locator(f'[data-to="{old}"] pre').first.inner_text()
    found = re.search(r"http\S+/undo/\S+", notice)
    assert found
    reader.goto(found[0])
    presses(reader, "Change it back")
    expect(reader.get_by_role("status")).to_contain_text(f"Your address is {old} again")
    expect(reader.get_by_label("Email address")).to_have_value(old)
    page.goto(f"{site.url}/account")
    expect(page).to_have_url(re.compile("/login"))


def test_a_paying_member_sees_their_data_leaves_and_cannot_come_back(
    site: Site, windows: Windows
) -> None:
    email = address("grace")
    page = windows.open()
    joins(page, site, email)
    page.get_by_role("button", name="Continue to payment, €5.00 a month").click()
    presses(page, "Subscribe for €5.00")
    expect(page).to_have_url(f"{site.url}/premium")
    page.goto(f"{site.url}/account")
    page.get_by_role("link", name="See your data").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save it as a file").click()
    assert email in saved.value.path().read_text()
    page.get_by_role("link", name="Close your account").click()
    expect(page.get_by_text("Ends now, and nothing more is charged")).to_be_visible()
    page.locator("#password").fill(PASSWORD)
    presses(page, "Close my account")
    expect(page.get_by_role("alert")).to_contain_text("Tick the box")
    page.get_by_label("Close my account, now and for good").check()
    page.locator("#password").fill(PASSWORD)
    presses(page, "Close my account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Goodbye")
    expect(page.get_by_text("The amount and the date of one payment")).to_be_visible()
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(email)
    page.locator("#password").fill(PASSWORD)
    presses(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is not right")
