"""A plan that was chosen stays chosen: through signing in, joining, and coming back from Stripe."""

import re
from html import unescape
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import pytest
from flask import Flask

from sandbox.server import Sandbox
from tests.support import people
from tests.support.browser import Browser, Elsewhere
from tests.support.mail import Work, code_for
from tests.support.paying import (
    ask_stripe,
    chooses,
    copy_catalogue,
    pays,
    price_id,
    way_back,
)
from tests.support.people import GRACE, PASSWORD

pytestmark = pytest.mark.usefixtures("listening", "catalogue")
LOCKED = "/premium?page=2"
POINTS = ["All essays, including the archive", "The workshop notes behind each of them"]
DEBIT = "DE89370400440532013000"  # settles three days later


@pytest.fixture
def catalogue(app: Flask) -> None:
    copy_catalogue(app)


def presses(person: Browser, app: Flask, path: str = "/plans", name: str = "yearly") -> str:
    """The button of a price on this page; where it leads, as a path if it is on the site."""
    answer = person.submit(path, action="/checkout", having={"price": price_id(app, name)})
    assert answer.status_code == HTTPStatus.SEE_OTHER
    return answer.location


def test_a_visitor_who_chose_a_plan_signs_in_and_finds_it_chosen(
    visitor: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    people.opens_account(app, GRACE)
    visitor.get(f"/plans?next={LOCKED}")  # from a page that was locked
    to_login = presses(visitor, app)
    assert "€50.00 a year" in visitor.get(to_login).text
    answer = visitor.submit(to_login, action="/login", email=GRACE, password=PASSWORD)
    page = visitor.follow(answer)
    assert "You chose" in page.text
    chosen = page.text.split("You chose")[1].split("</section>")[0]
    assert price_id(app, "yearly") in chosen
    url = visitor.submit(
        answer.location, action="/checkout", having={"price": price_id(app, "monthly")}
    ).location  # and may still change their mind
    returned = way_back(pays(elsewhere, url))
    assert visitor.get(returned).location == LOCKED


def test_a_visitor_who_chose_a_plan_joins_and_finds_it_chosen(
    visitor: Browser, app: Flask, sandbox: Sandbox, elsewhere: Elsewhere, work: Work
) -> None:
    to_login = presses(visitor, app)
    way_on = urlsplit(to_login).query.removeprefix("next=")
    visitor.get(f"/join?next={way_on}")
    visitor.submit("/join", action="/subscribe", email=GRACE)
    work()
    answer = visitor.submit(
        "/join", action="/join", code=code_for(sandbox, GRACE), password=PASSWORD
    )
    page = visitor.follow(answer).text
    assert "You chose" in page
    url = presses(visitor, app, "/plans", "yearly")
    assert visitor.get(way_back(pays(elsewhere, url))).location == "/premium"  # not the plans again


def test_who_chose_twice_is_not_led_back_to_the_first_choice_after_paying(
    visitor: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    people.opens_account(app, GRACE)
    first = urlsplit(presses(visitor, app, name="yearly")).query
    visitor.get(f"/join?{first}")
    to_login = presses(visitor, app, name="monthly")
    visitor.submit(to_login, action="/login", email=GRACE, password=PASSWORD)
    page = visitor.get(unquote(urlsplit(to_login).query.removeprefix("next=")))
    assert "You chose" in page.text
    returned = way_back(pays(elsewhere, chooses(visitor, app)))
    assert visitor.get(returned).location == "/premium"


def test_a_visitor_cannot_choose_what_is_not_for_sale(visitor: Browser) -> None:
    token = visitor.token_on("/plans")
    for forged in ("", "price_1", "//elsewhere.example", "\0"):
        answer = visitor.post("/checkout", {"csrf_token": token, "price": forged})
        assert answer.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("forged", ["price_1", "<script>", "//elsewhere.example", "%00"])
def test_a_forged_choice_chooses_nothing(grace: Browser, forged: str) -> None:
    page = grace.get(f"/plans?price={forged}")
    assert page.status_code == HTTPStatus.OK
    assert "You chose" not in page.text
    assert "<script>" not in page.text


def test_going_back_from_stripes_page_keeps_the_choice(
    grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    url = chooses(grace, app, "yearly")
    assert f"/plans?price={price_id(app, 'yearly')}" in elsewhere.get(url).text
    page = grace.get(f"/plans?price={price_id(app, 'yearly')}").text
    assert "You chose" in page
    assert chooses(grace, app, "monthly") != url


def test_a_member_sees_their_plan_marked_and_changes_it_on_stripes_page(
    grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    pays(elsewhere, chooses(grace, app))
    work()
    page = grace.get(f"/plans?price={price_id(app, 'yearly')}").text
    assert page.count("Your plan") == 1
    assert "You chose" not in page  # no second subscription is sold
    answer = grace.submit("/plans", action="/billing/portal", having={"task": "plan"})
    assert elsewhere.get(answer.location).status_code == HTTPStatus.OK


def test_what_a_year_saves_is_said_in_money(visitor: Browser) -> None:
    assert "saves €10.00 a year" in visitor.get("/plans").text


def test_a_debit_that_takes_days_is_waited_for_in_peace(
    ada: Browser, grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    for member in (ada, grace):  # Ada has something open already, and it is not this
        page = member.get(way_back(pays(elsewhere, chooses(member, app, "guide"), DEBIT)))
        assert page.status_code == HTTPStatus.OK
        assert "takes a few days" in page.text
        assert "http-equiv" not in page.text
    assert grace.get("/premium").status_code == HTTPStatus.PAYMENT_REQUIRED


def test_a_subscription_that_stripe_calls_active_is_open_while_its_debit_is_under_way(
    grace: Browser, app: Flask, elsewhere: Elsewhere
) -> None:
    returned = way_back(pays(elsewhere, chooses(grace, app), DEBIT))
    assert grace.get(returned).location == "/premium"
    assert grace.get("/premium").status_code == HTTPStatus.OK


def test_a_price_that_is_no_longer_sold_cannot_be_bought_by_a_page_left_open(
    grace: Browser, app: Flask, sandbox: Sandbox, work: Work
) -> None:
    yearly = price_id(app, "yearly")
    token = grace.token_on("/plans")
    ask_stripe(sandbox, f"prices/{yearly}", {"active": "false"})
    work()
    answer = grace.post("/checkout", {"csrf_token": token, "price": yearly})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_a_plan_by_the_month_and_by_the_year_has_a_switch_that_needs_no_script(
    visitor: Browser, grace: Browser, app: Flask, elsewhere: Elsewhere, work: Work
) -> None:
    def shown(person: Browser, path: str = "/plans") -> list[str]:
        return re.findall(
            r'name="every" id="every-(?:\w+)" value="(\w+)"[^>]* checked>', person.get(path).text
        )

    assert shown(visitor) == ["month"]
    assert shown(visitor, "/plans?every=year") == ["year"]
    assert shown(visitor, "/plans?every=%00") == ["month"]
    assert shown(visitor, f"/plans?price={price_id(app, 'yearly')}") == ["year"]  # back from Stripe
    page = visitor.get("/plans").text
    assert "Yearly" in page.split('value="year"')[1].split("saves €10.00</span></label>")[0]
    assert page.count('class="plan-price by-') == 2  # and the guide, bought once, is always there
    assert "Nothing is added to it." in page
    pays(elsewhere, chooses(grace, app, "yearly"))
    work()
    assert shown(grace, "/plans?every=month") == ["year"]  # where “Your plan” is


def test_a_plan_with_one_price_needs_no_switch(
    visitor: Browser, app: Flask, sandbox: Sandbox
) -> None:
    ask_stripe(sandbox, f"prices/{price_id(app, 'yearly')}", {"active": "false"})
    copy_catalogue(app)
    page = visitor.get("/plans").text
    assert "Continue to payment, €5.00 a month" in unescape(page)
    assert 'name="every"' not in page
    assert "by-month" not in page


def test_plans_that_share_points_are_compared_point_by_point_and_one_is_marked(
    visitor: Browser, app: Flask, sandbox: Sandbox
) -> None:
    patron = {
        "name": "Patron",
        "metadata[plan]": "patron",
        "metadata[badge]": "Most <loved>",
        "marketing_features[0][name]": POINTS[0],
        "marketing_features[1][name]": "Dinner once a year",
    }
    product = str(ask_stripe(sandbox, "products", patron)["id"])
    yen = {"unit_amount": "90000", "currency": "jpy", "recurring[interval]": "year"}
    ask_stripe(sandbox, "prices", {"product": product, **yen})
    copy_catalogue(app)
    page = visitor.get("/plans").text
    assert "Most &lt;loved&gt;" in page
    assert "¥90,000" in page
    member, patron_card = (card(page, name) for name in ("Membership", "Patron"))
    assert "Not included: </span>Dinner once a year" in member
    assert f"Not included: </span>{POINTS[1]}" in patron_card
    assert f"Not included: </span>{POINTS[0]}" not in page
    assert 'name="every"' in page  # the membership's
    assert "by-year" not in patron_card  # there is nothing to switch to


def card(page: str, name: str) -> str:
    return page.split(f">{name}</h2>")[1].split("</section>", maxsplit=1)[0]
