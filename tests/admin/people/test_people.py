"""Looking for people at the desk: among few and among very many, and by whatever is typed."""

import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus

from flask import Flask
from sqlalchemy import insert

from membership.accounts.models import User
from membership.billing import endings
from membership.billing.models import Checkout, Customer, Match, Payment, Subscription
from membership.db import db, transaction
from tests.support.asked import asked_of, read_whole
from tests.support.browser import Browser
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.people import ADA, EDSGER, GRACE, OLIVE, opens_account

LISTED = re.compile(r'href="/admin/people/\d+">([^<]+)</a></span></td>')
ONWARD = re.compile(r'href="(/admin/people\?[^"]*after=[^"]*)"')
KINDS = ("paying", "trying", "overdue", "lapsed", "given", "owners")


def listed(owner: Browser, path: str = "/admin/people") -> list[str]:
    """The addresses on one page of the list."""
    page = owner.get(path)
    assert page.status_code == HTTPStatus.OK, page.text
    return [unescape(address) for address in LISTED.findall(page.text)]


def whole(owner: Browser, path: str) -> list[str]:
    """The addresses on every page, as the links lead on."""
    found = listed(owner, path)
    while onward := ONWARD.search(owner.get(path).text):
        path = unescape(onward[1])
        found += listed(owner, path)
    return found


def many_join(app: Flask, how_many: int, clock: MovableClock, name: str = "m") -> None:
    with app.app_context(), transaction() as rows:
        people = [
            {"email": f"{name}{n:03}@example.org", "name": None, "created_at": clock()}
            for n in range(how_many)
        ]
        rows.execute(insert(User), people)


def subscribes(app: Flask, user_id: int, status: str, *, clock: MovableClock) -> str:
    """A subscription as we have copied it; its customer's id."""
    customer = f"cus_{user_id}{status}"
    with app.app_context(), transaction() as rows:
        rows.add(
            Customer(
                stripe_id=customer, user_id=user_id, bound_by=Match.CHECKOUT, created_at=clock()
            )
        )
        rows.flush()
        rows.add(
            Subscription(
                stripe_id=f"sub_{user_id}{status}",
                customer_id=customer,
                status=status,
                price_id="price_1",
                product_ids=[],
                started_at=clock(),
                period_start=clock(),
                period_end=clock() + timedelta(days=30),
            )
        )
    return customer


def is_called(app: Flask, user_id: int, name: str) -> None:
    with app.app_context(), transaction() as rows:
        rows.get_one(User, user_id).name = name


@on_each_database
def test_somebody_is_found_by_how_their_address_or_their_name_begins(
    app: Flask, owner: Browser
) -> None:
    opens_account(app, ADA)
    is_called(app, opens_account(app, "countess@example.com"), "Ada King")
    is_called(app, opens_account(app, GRACE), "Grace Hopper")
    assert listed(owner, "/admin/people?q=ada") == [ADA, "countess@example.com"]
    assert listed(owner, "/admin/people?q=ADA%20k") == ["countess@example.com"]
    assert listed(owner, "/admin/people?q=grace@example.com") == [GRACE]
    assert listed(owner, "/admin/people?q=hopper") == []
    assert listed(owner, "/admin/people?q=example") == []


@on_each_database
def test_signs_are_only_signs_and_nothing_typed_breaks_the_page(app: Flask, owner: Browser) -> None:
    opens_account(app, ADA)
    for typed in ("%25", "_da", "a_a", "*", "'", '"><b>', "%00", "\U0010ffff", "\\", "a" * 9000):
        assert listed(owner, f"/admin/people?q={typed}") == [], typed
        assert "<b>" not in owner.get(f"/admin/people?q={typed}").text


@on_each_database
def test_the_list_goes_on_until_everybody_was_seen_once_the_newest_first(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    many_join(app, 120, clock)
    assert whole(owner, "/admin/people") == [
        *(f"m{n:03}@example.org" for n in reversed(range(120))),
        OLIVE,
    ]


@on_each_database
def test_a_list_by_subscription_goes_on_as_well_though_all_began_at_once(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    many_join(app, 60, clock)
    with app.app_context():
        ids = [user.id for user in db.session.query(User) if user.email != OLIVE]
    for user_id in ids:
        subscribes(app, user_id, "active", clock=clock)
    found = whole(owner, "/admin/people?who=paying")
    assert len(found) == 60
    assert set(found) == {f"m{n:03}@example.org" for n in range(60)}


@on_each_database
def test_each_is_listed_by_how_they_stand_and_nowhere_else(
    app: Flask, owner: Browser, edsger: Browser, grace: Browser, clock: MovableClock
) -> None:
    with app.app_context():
        endings.drain()
    given = app.test_cli_runner().invoke(args=["members", "comp", GRACE])
    assert given.exit_code == 0
    for name, status in (("p", "active"), ("t", "trialing"), ("o", "past_due"), ("u", "unpaid")):
        user_id = opens_account(app, f"{name}@example.com")
        subscribes(app, user_id, status, clock=clock)
    subscribes(app, opens_account(app, "gone@example.com"), "canceled", clock=clock)
    assert {kind: set(listed(owner, f"/admin/people?who={kind}")) for kind in KINDS} == {
        "paying": {"p@example.com"},
        "trying": {"t@example.com"},
        "overdue": {"o@example.com", "u@example.com"},
        "lapsed": {EDSGER},
        "given": {GRACE},
        "owners": {OLIVE},
    }


def test_who_came_back_has_not_lapsed(app: Flask, owner: Browser, edsger: Browser) -> None:
    with app.app_context():
        endings.drain()
    assert listed(owner, "/admin/people?who=lapsed") == [EDSGER]
    app.test_cli_runner().invoke(args=["members", "comp", EDSGER])
    assert listed(owner, "/admin/people?who=lapsed") == []


def test_an_id_from_stripe_leads_to_whose_it_is(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    user_id = opens_account(app, ADA)
    customer = subscribes(app, user_id, "active", clock=clock)
    with app.app_context(), transaction() as rows:
        common = {"amount": 500, "currency": "eur", "paid_at": clock()}
        rows.add(Payment(payment_intent="pi_1", customer_id=customer, **common))
        rows.add(Payment(payment_intent="pi_2", checkout_id="cs_1", **common))
        rows.add(
            Checkout(
                stripe_id="cs_1",
                user_id=user_id,
                price_id="price_1",
                product_ids=[],
                mode="payment",
                status="complete",
                payment_status="paid",
                created_at=clock(),
            )
        )
    for key in (customer, f"sub_{user_id}active", "pi_1", "pi_2", "cs_1"):
        answer = owner.get(f"/admin/people?q={key}")
        assert answer.location == f"/admin/people/{user_id}", key
    assert listed(owner, "/admin/people?q=cus_nobody") == []


def test_a_place_that_is_none_in_the_list_is_no_page(owner: Browser) -> None:
    rubbish = ["who=nonsense", "after=x", "after=99999999999999999999", "after=-1~2"]
    rubbish += ["after=1&who=paying", "who=lapsed&after=1~x"]
    rubbish += [f"who=paying&after={far}~sub_1" for far in ("9" * 18, "9" * 40, "-" + "9" * 17)]
    for query in rubbish:
        answer = owner.get(f"/admin/people?{query}")
        assert answer.status_code == HTTPStatus.NOT_FOUND, query


def test_an_id_no_database_could_have_is_no_page(owner: Browser) -> None:
    for number in ("0", "4", "2147483648", "9" * 30):
        assert owner.get(f"/admin/people/{number}").status_code == HTTPStatus.NOT_FOUND


def test_names_are_only_text(app: Flask, owner: Browser) -> None:
    name = '"><img src=x onerror=alert(1)>{{7*7}}'
    user_id = opens_account(app, ADA)
    is_called(app, user_id, name)
    for path in ("/admin/people", f"/admin/people/{user_id}"):
        page = owner.get(path).text
        assert "<img" not in page
        assert "{{7*7}}" in page


def test_a_page_asks_as_much_for_fifty_people_as_for_two(
    app: Flask, owner: Browser, clock: MovableClock
) -> None:
    def asks(path: str) -> int:
        with asked_of(app) as asked:
            assert owner.get(path).status_code == HTTPStatus.OK
        return len(asked)

    paths = ["/admin/people", "/admin/people?q=n", *(f"/admin/people?who={k}" for k in KINDS)]
    many_join(app, 2, clock)
    few = [asks(path) for path in paths]
    many_join(app, 50, clock, "n")
    with app.app_context():
        ids = [user.id for user in db.session.query(User) if user.email != OLIVE]
    for user_id in ids:
        subscribes(app, user_id, "active", clock=clock)
    assert [asks(path) for path in paths] == few
    assert max(few) <= 10


def test_no_list_goes_through_everybody(app: Flask, owner: Browser, grace: Browser) -> None:
    with asked_of(app) as asked:
        listed(owner, "/admin/people")
        listed(owner, "/admin/people?q=gr")
        for kind in KINDS:
            listed(owner, f"/admin/people?who={kind}")
    assert read_whole(app, asked) == set()
