"""A membership's life within a minute, as a developer sees it: the site in one window, the control
room in another."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Windows
from tests.support.site import Site
from tests.support.windows import comes_to_say, joins, presses

ADA = "ada@example.com"
DATE = r"\d{1,2} \w+ 20\d\d"


class ControlRoom:
    """The page of one customer, and its buttons."""

    def __init__(self, page: Page, site: Site, email: str) -> None:
        self.page = page
        page.goto(f"{site.sandbox_url}/control")
        page.get_by_role("link", name=email).click()

    def moves(self, *steps: str) -> None:
        for step in steps:
            self.page.get_by_role("button", name=step).click()
            expect(self.page.get_by_role("status").first).to_contain_text("now.")

    def says(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()


def status_of(page: Page, url: str) -> int:
    answer = page.goto(url)
    assert answer
    return answer.status


@pytest.mark.long
def test_next_month_and_the_months_after_it(
    make_site: Callable[..., Site], windows: Windows
) -> None:
    site = make_site()
    account, premium = f"{site.url}/account", f"{site.url}/premium"
    ada = windows.open()
    joins(ada, site, ADA)
    presses(ada, "Continue to payment, €5.00 a month")
    presses(ada, "Subscribe for €5.00")
    expect(ada).to_have_url(premium)
    ada.goto(account)
    first = ada.get_by_text(re.compile(f"Renews on {DATE}")).inner_text()

    room = ControlRoom(windows.open(), site, ADA)
    room.moves("To the next renewal", "+1 hour")
    comes_to_say(ada, account, re.compile(f"Renews on {DATE}"))
    assert ada.get_by_text(re.compile(f"Renews on {DATE}")).inner_text() != first

    presses(room.page, "The card fails from now on")
    room.moves("To the next renewal", "+1 hour")
    room.says("the last charge failed")
    comes_to_say(ada, account, "Your last payment did not go through.")
    expect(ada.get_by_text(re.compile(f"stays open until {DATE}"))).to_be_visible()
    assert status_of(ada, premium) == 200

    room.moves(*["+1 day"] * 7)
    assert status_of(ada, premium) == 402
    expect(ada.get_by_text(re.compile(f"Access ended on {DATE}"))).to_be_visible()

    presses(room.page, "It works again")
    room.moves("+1 day")  # Stripe tries again
    comes_to_say(ada, account, "Renews on")
    assert status_of(ada, premium) == 200

    room.page.get_by_role("button", name="Refund €5.00").first.click()
    room.says("Refund of €5.00 succeeded")
    room.page.get_by_role("link", name="Events", exact=True).click()
    expect(room.page.get_by_text("charge.refunded").first).to_be_visible()
    ada.goto(account)
    expect(ada.get_by_text("Renews on")).to_be_visible()
    assert status_of(ada, premium) == 200  # a subscription follows its status, not its refunds
