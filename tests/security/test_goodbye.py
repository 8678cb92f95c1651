"""A member's data is theirs to see and to take along, and goes when they go (S57, S65)."""

import json
from http import HTTPStatus

from flask import Flask
from sqlalchemy import select

from membership.accounts.models import User
from membership.billing.models import Payment, Subscription
from membership.db import db
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.databases import on_each_database
from tests.support.leaving import NAME, is_called, places, says_goodbye, subscribes
from tests.support.mail import Work, mails_to
from tests.support.mailerlite_has import listed, set_up
from tests.support.moving import NEW, moves
from tests.support.paying import ask_stripe, newest_at_stripe
from tests.support.people import ADA, GRACE, PASSWORD


@on_each_database
def test_s65_who_leaves_is_cancelled_at_stripe_and_nowhere_to_be_found(
    grace: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    set_up(app)
    is_called(app, GRACE)
    subscribes(grace, app, elsewhere, work)
    moves(grace, sandbox, work)
    told = grace.get("/account/data.json")
    assert {GRACE, NEW} <= set(json.dumps(told.json).replace('"', " ").split())
    assert places(app, GRACE, NEW, NAME)

    subscription = newest_at_stripe(sandbox, "subscriptions")
    answer = says_goodbye(grace)
    assert answer.location == "/goodbye"
    assert "one payment" in grace.follow(answer).text
    status = ask_stripe(sandbox, f"subscriptions/{subscription}", method="GET")["status"]
    assert status == "canceled"
    assert grace.get("/account").location == "/login?next=/account"
    for email in (GRACE, NEW):
        refused = visitor.submit("/login", action="/login", email=email, password=PASSWORD)
        assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    work()
    assert mails_to(sandbox, NEW)[-1] == "Your account at Latchkey is closed"
    assert "one payment" in sandbox.mailbox.latest(to=NEW).text
    # What was tried at the door just now is the only thing that says the address.
    assert places(app, GRACE, NEW, NAME, "grace") == {"journal.email"}
    assert listed(sandbox, NEW) is None
    with app.app_context():
        assert db.session.query(Payment).count() == 1
        assert db.session.query(Subscription).one().status == "canceled"


def test_s65_a_stolen_session_closes_no_account(
    grace: Browser, app: Flask, sandbox: Sandbox
) -> None:
    for typed in ({"password": "what a thief would try"}, {"password": ""}, {"sure": ""}):
        assert says_goodbye(grace, **typed).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert grace.get("/account").status_code == HTTPStatus.OK


def test_s65_everything_known_comes_as_a_file_and_holds_no_secret(
    grace: Browser,
    app: Flask,
    listening: str,
    sandbox: Sandbox,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    subscribes(grace, app, elsewhere, work)
    answer = grace.get("/account/data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told
    filled = "account sessions newsletter customers subscriptions purchases payments grants history"
    assert [name for name in filled.split() if not told[name]] == []
    assert told["account"][0]["email"] == GRACE
    assert told["payments"][0]["amount"] == 500
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert user.password_hash
        assert user.password_hash not in answer.text
    for secret in ("hash", "nonce", "token", "reference"):
        assert secret not in answer.text
    page = grace.get("/account/data").text
    assert "/account/data.json" in page
    assert told["payments"][0]["payment_intent"] in page


def test_s57_an_export_says_nothing_of_others(
    grace: Browser,
    ada: Browser,
    visitor: Browser,
    app: Flask,
    listening: str,
    work: Work,
    elsewhere: Elsewhere,
) -> None:
    subscribes(ada, app, elsewhere, work)
    subscribes(grace, app, elsewhere, work)
    mine, hers = grace.get("/account/data.json").text, ada.get("/account/data.json").json
    assert hers
    ids = [hers["customers"][0]["stripe_id"], hers["subscriptions"][0]["stripe_id"]]
    ids += [hers["purchases"][0]["stripe_id"], hers["payments"][0]["payment_intent"], ADA]
    assert [id_ for id_ in ids if id_ in mine or id_ in grace.get("/account/data").text] == []
    for path in ("/account/data", "/account/data.json"):
        assert visitor.get(path).location == f"/login?next={path}"
        assert grace.get(f"{path}?user_id=1&email={ADA}").text.count(ADA) == 0
