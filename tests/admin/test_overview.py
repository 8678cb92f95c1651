"""The desk's first page: what needs the owner, and how the site is doing."""

import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus

from flask import Flask

from membership.billing import endings
from membership.billing.models import Payment
from membership.db import transaction
from sandbox.server import Sandbox
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.links import payment_link, pays_by_link
from tests.support.mail import Work
from tests.support.paying import chooses, copy_catalogue, pays


def numbers(owner: Browser) -> dict[str, str]:
    page = owner.get("/admin")
    assert page.status_code == HTTPStatus.OK
    found = re.findall(r"<dt>([^<]+)</dt>\s*<dd>(.*?)</dd>", unescape(page.text), re.DOTALL)
    return {words: " ".join(re.sub("<[^>]+>", " ", shown).split()) for words, shown in found}


def is_paid(app: Flask, amount: int, currency: str, clock: MovableClock, *, back: int = 0) -> None:
    with app.app_context(), transaction() as rows:
        rows.add(
            Payment(
                payment_intent=f"pi_{amount}{currency}",
                amount=amount,
                amount_refunded=back,
                currency=currency,
                paid_at=clock(),
            )
        )


@on_each_database
def test_the_numbers_are_those_of_the_site(
    app: Flask,
    listening: str,
    owner: Browser,
    grace: Browser,
    edsger: Browser,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    assert numbers(owner) == {
        "Members": "3",
        "Paying": "1",
        "Overdue": "0",
        "Lapsed in 30 days": "1",
        "Payments today": "1 €5.00",
    }


@on_each_database
def test_what_was_taken_today_is_less_what_was_given_back_of_it(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    clock.now = clock.now.replace(hour=12)
    is_paid(app, 500, "eur", clock)
    is_paid(app, 2900, "eur", clock, back=900)
    is_paid(app, 700, "jpy", clock)
    assert numbers(owner)["Payments today"] == "3 €25.00, ¥700"
    clock.passes(timedelta(hours=12))
    assert numbers(owner)["Payments today"] == "0"


def test_who_came_back_is_not_counted_as_lapsed(
    app: Flask, owner: Browser, edsger: Browser
) -> None:
    with app.app_context():
        endings.drain()
    assert numbers(owner)["Lapsed in 30 days"] == "1"
    app.test_cli_runner().invoke(args=["members", "comp", "edsger@example.com"])
    assert numbers(owner)["Lapsed in 30 days"] == "0"


def test_a_payment_that_is_nobodys_is_what_needs_the_owner(
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    owner: Browser,
    elsewhere: Elsewhere,
    work: Work,
) -> None:
    copy_catalogue(app)
    pays_by_link(elsewhere, payment_link(app, sandbox, "monthly"), "stranger@example.com")
    work()
    page = owner.get("/admin").text
    needs = page.partition('id="needs-title"')[2].partition("</section>")[0]
    assert 'href="/admin/payments"' in needs


def test_the_page_goes_through_nobodys_rows(app: Flask, owner: Browser, grace: Browser) -> None:
    with asked_of(app) as asked:
        numbers(owner)
    assert read_whole(app, asked) == set()
    assert len(asked) <= 40
