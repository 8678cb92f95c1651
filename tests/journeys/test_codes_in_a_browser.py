"""The code arrives in real windows, whatever MailerLite does.

First while it is well: a worker leaves one that was down alone for half a minute.
"""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import expect

from tests.support.chromium import DESK, PHONE, Windows
from tests.support.people import PASSWORD
from tests.support.site import Site
from tests.support.windows import address, code_in_mailbox, joins, link_in_mailbox, presses

Trouble = Callable[..., None]


@pytest.fixture
def trouble(site: Site) -> Iterator[Trouble]:
    """Turn the sandbox's knobs; all is well again afterwards."""

    def turn(**knobs: object) -> None:
        answer = requests.post(f"{site.sandbox_url}/control/faults", json=knobs, timeout=10)
        assert answer.ok, answer.text

    yield turn
    turn(mailerlite_fault=None, slowness=15)


def test_who_unsubscribed_joins_and_decides_about_the_letters(
    site: Site, windows: Windows, trouble: Trouble
) -> None:
    trouble(mailerlite_fault=None)
    email = address("edsger")
    answer = requests.post(
        f"{site.sandbox_url}/mailerlite/api/subscribers",
        json={"email": email, "status": "unsubscribed"},
        headers={"Authorization": "Bearer sandbox"},
        timeout=10,
    )
    assert answer.ok, answer.text
    page = windows.open(width=PHONE)
    page.goto(site.url)
    page.get_by_label("Email address").fill(email)
    presses(page, "Subscribe")
    page.get_by_label("Code").fill(code_in_mailbox(page, site, email))
    presses(page, "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    page.get_by_label("Send me the newsletter again").check()
    presses(page, "Go on")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")


@pytest.mark.parametrize("fault", [None, "slow", "refuse", "down"])
def test_whatever_mailerlite_does_a_visitor_joins(
    site: Site, windows: Windows, trouble: Trouble, fault: str | None
) -> None:
    trouble(mailerlite_fault=fault, slowness=0.3)
    page = windows.open(width=PHONE)
    joins(page, site, address("ada"))


def test_the_link_on_the_phone_and_the_page_on_the_desk(
    site: Site, windows: Windows, trouble: Trouble
) -> None:
    trouble(mailerlite_fault="refuse")
    email = address("grace")
    desk = windows.open(width=DESK)
    desk.goto(site.url)
    desk.get_by_label("Email address").fill(email)
    presses(desk, "Subscribe")
    expect(
        desk.get_by_role("button", name=re.compile(r"Send it again \(in \d+ s\)"))
    ).to_be_disabled()
    phone = windows.open(width=PHONE, javascript=False)
    phone.goto(link_in_mailbox(phone, site, email, "/join/link/"))
    presses(phone, f"Confirm {email}")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    desk.get_by_label("Code").fill(code_in_mailbox(desk, site, email))
    presses(desk, "Confirm")
    expect(desk.get_by_role("alert")).to_contain_text("cannot be used any more")
    phone.locator("#password").fill(PASSWORD)
    presses(phone, "Open my account")
    expect(phone).to_have_url(f"{site.url}/plans")
