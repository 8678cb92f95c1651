"""A forgotten password and a second device, in real windows."""

import re

from playwright.sync_api import Page, expect

from tests.support.chromium import PHONE, Windows
from tests.support.people import PASSWORD
from tests.support.site import Site
from tests.support.windows import address, joins, link_in_mailbox, presses

NEW = "seven herons on a frozen canal"


def signs_in(page: Page, site: Site, email: str, password: str) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(email)
    page.locator("#password").fill(password)
    presses(page, "Sign in")


def test_a_new_password_on_the_phone_and_a_device_signed_out_from_the_desk(
    site: Site, windows: Windows
) -> None:
    email = address("ada")
    desk = windows.open()
    joins(desk, site, email)

    phone = windows.open(width=PHONE)
    phone.goto(f"{site.url}/login")
    phone.get_by_role("link", name="Choose a new one").click()
    phone.get_by_label("Email address").fill(email)
    presses(phone, "Send the link")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    phone.goto(link_in_mailbox(phone, site, email, "/reset/"))
    phone.locator("#password").fill(email)
    presses(phone, "Set the new password")
    expect(phone.get_by_role("alert")).to_contain_text("too close to your name, your address")
    phone.locator("#password").fill(NEW)
    presses(phone, "Set the new password")
    expect(phone).to_have_url(f"{site.url}/account")

    desk.goto(f"{site.url}/account")
    expect(desk).to_have_url(re.compile("/login"))
    signs_in(desk, site, email, PASSWORD)
    expect(desk.get_by_role("alert")).to_contain_text("The address or the password is not right")
    signs_in(desk, site, email, NEW)
    expect(desk).to_have_url(f"{site.url}/account")
    desk.goto(f"{site.url}/account/security")
    presses(desk, "Sign out the ticked ones")
    expect(desk.get_by_role("alert")).to_contain_text("Tick the devices to sign out")
    desk.get_by_label("Chrome on Linux").check()
    desk.locator("#password").fill(NEW)
    presses(desk, "Sign out the ticked ones")
    expect(desk.get_by_text("You are signed in nowhere else.")).to_be_visible()

    phone.reload()
    expect(phone).to_have_url(re.compile("/login"))
