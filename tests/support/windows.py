"""What people do in a window of a real browser."""

import re
from collections.abc import Callable
from itertools import count

from playwright.sync_api import Locator, Page, expect

from tests.support.people import PASSWORD
from tests.support.site import Site

numbers = count()


def address(name: str) -> str:
    """Of somebody who was never here before."""
    return f"{name}{next(numbers)}@example.com"


def presses(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def code_in_mailbox(page: Page, site: Site, email: str) -> str:
    """Look at the mailbox in another tab until the code is there."""
    tab = page.context.new_page()
    code = tab.locator(f'[data-to="{email}"]').get_by_role("heading", name=re.compile(r"^\d"))
    _look_until(tab, site.mailbox_url, lambda: code.count() > 0)
    found = re.search(r"\d{3} ?\d{3}", code.first.inner_text())
    assert found
    tab.close()
    return found[0]


def link_in_mailbox(page: Page, site: Site, email: str, path: str = "") -> str:
    """The first address (of ours, beginning with this path) in the newest mail to this person;
    waits until one came."""
    text = page.locator(f'[data-to="{email}"] pre').first
    link = re.compile(rf"http\S+{path}\S+")
    _look_until(
        page, site.mailbox_url, lambda: text.count() > 0 and bool(link.search(text.inner_text()))
    )
    found = link.search(text.inner_text())
    assert found
    return found[0]


def mails_in_mailbox(page: Page, site: Site, email: str, words: str) -> Locator:
    """What came to this person with these words in its head or its text; waits until one did."""
    mails = page.locator(f'[data-to="{email}"]').filter(has_text=words)
    _look_until(page, site.mailbox_url, lambda: mails.count() > 0)
    return mails


def joins(page: Page, site: Site, email: str) -> None:
    page.goto(site.url)
    page.get_by_label("Email address").fill(email)
    presses(page, "Subscribe")
    expect(page).to_have_url(f"{site.url}/join")
    enters_code(page, site, email)
    expect(page).to_have_url(f"{site.url}/plans")


def enters_code(page: Page, site: Site, email: str) -> None:
    """On the page for joining: the code from the mailbox, and a password."""
    page.get_by_label("Code").fill(code_in_mailbox(page, site, email))
    page.locator("#password").fill(PASSWORD)
    presses(page, "Confirm")


def signs_in(page: Page, site: Site, email: str) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Email address").fill(email)
    page.locator("#password").fill(PASSWORD)
    presses(page, "Sign in")
    expect(page).to_have_url(f"{site.url}/account")


def comes_to_say(page: Page, url: str, words: str | re.Pattern[str]) -> None:
    """Load the page until it says so: a webhook is on its way."""
    told = page.get_by_text(words)
    _look_until(page, url, lambda: told.count() > 0)


def _look_until(page: Page, url: str, true: Callable[[], bool]) -> None:
    for _ in range(150):
        page.goto(url)
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{url} never came to show it: {page.inner_text('main')}")
