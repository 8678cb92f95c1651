"""Every page there is, in a real window as narrow as any, as everybody it is for."""

import re
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect

from tests.support import looks
from tests.support.chromium import Windows
from tests.support.dashboard import Dashboard
from tests.support.looks import FREE, LAPSED, OWNER, PAID, READER, VISITOR
from tests.support.site import Site
from tests.support.windows import (
    address,
    code_in_mailbox,
    comes_to_say,
    joins,
    link_in_mailbox,
    presses,
    signs_in,
)

NARROW = 320  # CSS pixels: what is left of a window of 1280 at four times the size (WCAG 1.4.10)
# What is wrong with the page at hand, in words; empty is well.
PROBLEMS = Path(__file__).with_suffix(".js").read_text()


def test_every_route_is_looked_at_or_says_why_not(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert routes - looks.PAGES.keys() - looks.NO_PAGES.keys() == set(), "add them to looks.py"
    assert (looks.PAGES.keys() | looks.NO_PAGES.keys()) - routes == set(), "they are no routes"


def test_every_page_can_be_read_and_used(site: Site, windows: Windows) -> None:
    """Grace has a whole life in it: free, lapsed, paying, and the owner at last."""
    visitor, grace = windows.open(width=NARROW), windows.open(width=NARROW)
    reader = windows.open(width=NARROW)
    found = {
        "{way_in}": way_in(visitor, site),
        "{tag}": first_link(visitor, site, "{tag}"),
        "{reader_link}": reads_the_letters(reader, site),
    }
    wrong = problems(visitor, site, VISITOR, found)

    reader.goto(f"{site.url}{found['{reader_link}']}")
    presses(reader, "Open my page")
    wrong += problems(reader, site, READER, found)

    email = address("grace.brewster.murray.hopper.of.the.navy")  # wider than the window
    joins(grace, site, email)
    wrong += problems(grace, site, FREE, found)

    site.flask("members", "comp", email)
    site.flask("members", "comp", email, "--end")
    wrong += problems(grace, site, LAPSED, found)

    for _ in range(2):  # by mistake
        pays_by_link(visitor, site, email)
    comes_to_say(grace, f"{site.url}/account", re.compile("Renews on"))
    wrong += problems(grace, site, PAID, found)

    site.flask("owner", "add", email)
    signs_in(grace, site, email)
    comes_to_say(grace, f"{site.url}/admin/payments", "the newer")
    found |= {word: first_link(grace, site, word) for word in looks.FOUND_ON}
    wrong += problems(grace, site, OWNER, found)
    assert wrong == []


def problems(page: Page, site: Site, who: str, found: dict[str, str]) -> list[str]:
    """What is wrong with the pages that these people look at; `found`: words in braces."""
    said: list[str] = []
    for look in looks.of(who):
        path = re.sub(r"\{\w+\}", lambda word: found[word[0]], look.path)
        answer = page.goto(f"{site.url}{path}")
        assert answer
        wrong = list(page.evaluate(PROBLEMS))
        if answer.status != look.status:
            wrong.append(f"answers {answer.status}")
        said += [f"{path} as {who}: {each}" for each in wrong]
    return said


def first_link(page: Page, site: Site, word: str) -> str:
    path, pattern = looks.FOUND_ON[word]
    page.goto(f"{site.url}{path}")
    matched = re.search(pattern, page.content())
    assert matched, f"{path} leads to no {word}"
    return matched[1]


def way_in(page: Page, site: Site) -> str:
    """Where somebody comes in who has paid before having an account."""
    stranger = address("barbara")
    pays_by_link(page, site, stranger)
    return link_in_mailbox(page, site, stranger, "/join/paid").removeprefix(site.url)


def reads_the_letters(page: Page, site: Site) -> str:
    """Where the link leads that opens their own page to somebody who has no account."""
    email = address("edsger")
    page.goto(site.url)
    page.get_by_label("Email address").fill(email)
    presses(page, "Subscribe")
    page.get_by_label("Code").fill(code_in_mailbox(page, site, email))
    presses(page, "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    page.goto(f"{site.url}/newsletter")
    page.get_by_label("The address that your letters go to").fill(email)
    presses(page, "Send me the link")
    expect(page).to_have_url(f"{site.url}/newsletter/sent")
    return link_in_mailbox(page, site, email, "/newsletter/link").removeprefix(site.url)


def pays_by_link(page: Page, site: Site, email: str) -> None:
    page.goto(Dashboard(site).payment_link())
    page.get_by_label("Email").fill(email)
    presses(page, "Subscribe for €5.00")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
