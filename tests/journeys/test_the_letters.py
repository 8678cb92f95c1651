"""The letters, as who writes them and who gets them see it: asked for, stopped, had again, sent."""

import re
import sqlite3

from playwright.sync_api import Page, expect

from tests.support.chromium import DESK, PHONE, Windows
from tests.support.site import Site
from tests.support.windows import (
    address,
    code_in_mailbox,
    comes_to_say,
    joins,
    link_in_mailbox,
    mails_in_mailbox,
    presses,
    signs_in,
)

POST = "A night with the lamp crew"
TEASER, REST = "and a thermos, and me", "Ten to four"


def asks_for_letters(page: Page, site: Site, email: str) -> None:
    page.goto(site.url)
    page.get_by_label("Email address").fill(email)
    presses(page, "Subscribe")
    expect(page).to_have_url(f"{site.url}/join")


def a_minute_passes(site: Site, email: str) -> None:
    """Since a code was asked for there: the site's own clock cannot be moved from outside."""
    database = site.household.environ["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(database) as shell:
        moved = "UPDATE code_sends SET created_at = datetime(created_at, '-1 minute') || '.000000'"
        assert shell.execute(f"{moved} WHERE email = ?", (email,)).rowcount == 1


def on_the_list(page: Page, site: Site, email: str, words: str) -> None:
    """MailerLite comes to say this of them."""
    comes_to_say(page, f"{site.sandbox_url}/control/readers?q={email}", re.compile(words))


def test_a_code_asked_for_again_the_same_day_comes_by_the_other_way(
    site: Site, windows: Windows
) -> None:
    hugo = address("hugo")
    page, mailbox = windows.open(width=PHONE), windows.open()
    page.clock.install()
    asks_for_letters(page, site, hugo)
    again = page.get_by_role("button", name=re.compile("^Send it again"))
    expect(again).to_have_text(re.compile(r"\(in \d+ s\)"))
    expect(again).to_be_disabled()
    before = again.inner_text()
    page.clock.run_for(5_000)
    expect(again).not_to_have_text(before)
    expect(again).to_be_disabled()
    code = code_in_mailbox(page, site, hugo)
    page.clock.run_for(60_000)
    expect(again).to_have_text("Send it again")
    expect(page.get_by_role("status")).to_have_text("You can ask for it again now.")
    expect(mails_in_mailbox(mailbox, site, hugo, "by MailerLite")).to_have_count(1)

    a_minute_passes(site, hugo)  # to the server as to the page
    again.click()
    expect(page.get_by_role("status").first).to_contain_text("We are sending it now.")
    expect(again).to_be_disabled()
    the_same = f"{code[:3]} {code[-3:]}"
    expect(mails_in_mailbox(mailbox, site, hugo, "by SMTP")).to_contain_text(the_same)
    page.get_by_label("Code").fill(code)
    presses(page, "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are subscribed")


def test_the_letters_are_stopped_and_had_again_without_an_account(
    site: Site, windows: Windows
) -> None:
    hugo = address("hugo")
    page, there = windows.open(width=PHONE, javascript=False), windows.open()
    asks_for_letters(page, site, hugo)
    page.get_by_label("Code").fill(code_in_mailbox(page, site, hugo))
    presses(page, "Confirm")
    on_the_list(there, site, hugo, "Free")

    page.get_by_role("link", name="Your letters").click()
    page.get_by_label("The address that your letters go to").fill(hugo)
    presses(page, "Send me the link")
    page.goto(link_in_mailbox(there, site, hugo, "/newsletter/link"))
    presses(page, "Open my page")
    expect(page.get_by_role("heading", name="They come")).to_be_visible()
    presses(page, "Stop the letters")
    expect(page.get_by_role("heading", name="They do not come")).to_be_visible()
    on_the_list(there, site, hugo, "unsubscribed")
    presses(page, "Send me the letters again")
    expect(page.get_by_role("heading", name="They come")).to_be_visible()
    on_the_list(there, site, hugo, r"active[\s\S]*Free")


def test_a_post_leaves_the_desk_once_whole_for_who_pays_and_its_beginning_for_others(
    site: Site, windows: Windows
) -> None:
    grace, olive = address("grace"), address("olive")
    hers, desk = windows.open(width=PHONE), windows.open(width=DESK)
    joins(hers, site, grace)
    joins(desk, site, olive)
    presses(desk, "Continue to payment, €5.00 a month")
    presses(desk, "Subscribe for €5.00")
    expect(desk).to_have_url(f"{site.url}/premium")
    site.flask("owner", "add", olive)
    on_the_list(hers, site, olive, "Paid")
    signs_in(desk, site, olive)

    desk.goto(f"{site.url}/admin/posts")
    desk.get_by_role("link", name=POST).click()
    expect(desk.get_by_text("They would get the whole post.")).to_have_count(1)
    expect(desk.get_by_text("They would get its teaser")).to_have_count(1)
    other_tab = desk.context.new_page()
    other_tab.goto(desk.url)
    send = re.compile(r"^Send it to \d+ readers$")
    desk.get_by_role("button", name=send).click()
    expect(desk.get_by_role("status")).to_contain_text("on its way to the list")
    other_tab.get_by_role("button", name=send).click()
    expect(other_tab.get_by_role("alert")).to_contain_text("Nothing is sent twice")

    for email, got in ((olive, True), (grace, False)):
        letter = mails_in_mailbox(hers, site, email, POST)
        expect(letter).to_have_count(1)
        text = letter.locator("iframe").get_attribute("srcdoc") or ""
        assert (TEASER in text, REST in text) == (True, got), email
    desk.reload()
    expect(desk.get_by_role("button", name=send)).to_have_count(0)
