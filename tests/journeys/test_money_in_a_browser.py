"""What becomes of money, as people see it, in real windows."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import PHONE, Windows
from tests.support.dashboard import DAY, Dashboard
from tests.support.site import Site
from tests.support.windows import (
    address,
    code_in_mailbox,
    comes_to_say,
    enters_code,
    joins,
    link_in_mailbox,
    presses,
)

MONTHLY = "Continue to payment, €5.00 a month"
YEARLY = "Continue to payment, €50.00 a year"
GUIDE = "Continue to payment, €29.00"
FAILS_LATER = re.compile("4000 0000 0000 0341")
WORKS = re.compile("4242 4242 4242 4242")
DATE = r"\d{1,2} \w+ 20\d\d"


def chooses(page: Page, site: Site, button: str) -> None:
    page.goto(f"{site.url}/plans")
    presses(page, button)
    expect(page).to_have_url(re.compile("/pay/"))


def pays_by_link(page: Page, link: str, email: str) -> None:
    page.goto(link)
    page.get_by_label("Email").fill(email)
    presses(page, "Subscribe for €5.00")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def may_read(page: Page, url: str) -> bool:
    answer = page.goto(url)
    assert answer
    return answer.status == 200


def test_paid_with_another_address_and_claimed(site: Site, windows: Windows) -> None:
    grace, at_work = address("grace"), address("grace.at.work")
    page = windows.open(width=PHONE)
    joins(page, site, grace)
    pays_by_link(page, Dashboard(site).payment_link(), at_work)
    assert not may_read(page, f"{site.url}/premium")

    page.goto(f"{site.url}/account")
    page.get_by_role("link", name=re.compile("claim", re.IGNORECASE)).click()
    page.get_by_label("The address you paid with").fill(at_work)
    presses(page, "Send a code there")
    expect(page.get_by_text(f"will belong to the account of {grace}")).to_be_visible()
    page.get_by_label("Code").fill(code_in_mailbox(page, site, at_work))
    presses(page, "Claim the payment")
    done = f"What was paid with {at_work} belongs to this account now."
    expect(page.get_by_text(done)).to_be_visible()
    assert may_read(page, f"{site.url}/premium")
    page.goto(f"{site.url}/account/why")
    expect(page.get_by_text("the address it was paid with was proven with a code")).to_be_visible()


def test_paid_by_a_link_before_there_is_an_account(site: Site, windows: Windows) -> None:
    ada = address("ada")
    page = windows.open(width=PHONE, javascript=False)
    pays_by_link(page, Dashboard(site).payment_link(), ada)

    page.goto(link_in_mailbox(page, site, ada))
    expect(page.get_by_role("heading", name="Your payment has arrived")).to_be_visible()
    presses(page, "Send me a code")
    enters_code(page, site, ada)
    assert may_read(page, f"{site.url}/premium")


@pytest.mark.long
def test_a_card_that_fails_grace_with_its_date_past_it_and_mended(
    make_site: Callable[..., Site], windows: Windows
) -> None:
    site = make_site()
    stripe, ada = Dashboard(site), address("ada")
    page = windows.open()
    joins(page, site, ada)
    chooses(page, site, MONTHLY)
    page.get_by_role("radio", name=FAILS_LATER).check()
    presses(page, "Subscribe for €5.00")
    expect(page).to_have_url(f"{site.url}/premium")

    stripe.reaches_next_renewal()
    comes_to_say(page, f"{site.url}/account", "Your last payment did not go through.")
    expect(page.get_by_text(re.compile(f"stays open until {DATE}"))).to_be_visible()
    assert may_read(page, f"{site.url}/premium")
    page.goto(f"{site.url}/account/why")
    expect(page.get_by_text("and the 7 days of grace end then")).to_be_visible()

    stripe.time_passes(7 * DAY)
    assert not may_read(page, f"{site.url}/premium")
    expect(page.get_by_text(re.compile(f"Access ended on {DATE}"))).to_be_visible()
    presses(page, "Update your card")
    page.get_by_role("radio", name=WORKS).check()
    presses(page, "Use this one")
    stripe.time_passes(2 * DAY)  # Stripe tries again
    comes_to_say(page, f"{site.url}/account", "Renews on")
    assert may_read(page, f"{site.url}/premium")
    page.goto(f"{site.url}/account/why")
    expect(page.get_by_text(re.compile(f"Open until {DATE}: “Membership” is paid"))).to_be_visible()


def test_a_refund_shuts_what_it_paid_for_and_says_so(site: Site, windows: Windows) -> None:
    stripe, ada = Dashboard(site), address("ada")
    page = windows.open()
    joins(page, site, ada)
    chooses(page, site, GUIDE)
    presses(page, "Pay €29.00")
    expect(page).to_have_url(f"{site.url}/premium")

    stripe.refunds(ada)
    comes_to_say(page, f"{site.url}/account", "The payment was refunded. It is closed.")
    assert not may_read(page, f"{site.url}/premium")
    page.goto(f"{site.url}/account/why")
    told = page.get_by_text("the payment for “The Field Guide” was refunded in full")
    expect(told).to_have_count(2)  # of each feature it opened


def test_a_dispute_shuts_and_opens_again_when_it_is_won(site: Site, windows: Windows) -> None:
    stripe, edsger = Dashboard(site), address("edsger")
    page = windows.open(width=PHONE)
    joins(page, site, edsger)
    chooses(page, site, MONTHLY)
    presses(page, "Subscribe for €5.00")
    expect(page).to_have_url(f"{site.url}/premium")

    stripe.is_disputed(edsger)
    comes_to_say(page, f"{site.url}/account", "Your bank has asked for the last payment back")
    assert not may_read(page, f"{site.url}/premium")
    page.goto(f"{site.url}/account/why")
    expect(page.get_by_text("and that is not decided yet")).to_be_visible()

    stripe.wins(edsger)
    comes_to_say(page, f"{site.url}/account", "Renews on")
    assert may_read(page, f"{site.url}/premium")


def test_two_tabs_sell_one_subscription(site: Site, windows: Windows) -> None:
    ada = address("ada")
    page = windows.open()
    joins(page, site, ada)
    chooses(page, site, MONTHLY)
    tab = page.context.new_page()
    tab.goto(f"{site.url}/plans")
    tab.get_by_label("Yearly").check()
    presses(tab, YEARLY)

    presses(tab, "Subscribe for €50.00")
    expect(tab).to_have_url(f"{site.url}/premium")
    presses(page, "Subscribe for €5.00")  # a page to pay on that is over since the other was made
    expect(page.get_by_text("Nothing was charged.")).to_be_visible()
    page.goto(f"{site.url}/plans")
    expect(page.get_by_text("Your plan", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=MONTHLY, exact=True)).to_have_count(0)
    assert Dashboard(site).subscriptions(ada) == ["active"]
