"""Somebody else's is as if it were not there, for whoever knows its number, its key or its hash."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import product
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts.address_changes import AddressChange
from membership.accounts.models import PasswordReset, SignIn, User
from membership.billing.models import Checkout
from membership.db import Model, db
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.failing import everything
from tests.support.leaving import subscribes
from tests.support.links import payer_key, payment_link, pays_by_link
from tests.support.mail import Work
from tests.support.moving import moves
from tests.support.passwords import asks_for_link
from tests.support.paying import newest_at_stripe
from tests.support.people import OLIVE, PASSWORD, opens_account, signs_in
from tests.support.signed_in import is_in

NOW_ADAS = "ada.lovelace@example.com"
NOT_SOMEBODYS = {"slug", "filename", "name", "year", "month", "tag"}  # posts (S60), and files
Ids = dict[str, list[int | str]]
M = TypeVar("M", bound=Model)


@pytest.fixture
def adas(
    ada: Browser, app: Flask, listening: str, sandbox: Sandbox, work: Work, elsewhere: Elsewhere
) -> Ids:
    """She pays, has moved to another address, and has asked for a new password; somebody's payment
    is nobody's yet. What all of that is called, by the name of the place for it in an address or a
    field. For a token, which only its mail has, what the database has."""
    subscribes(ada, app, elsewhere, work)
    subscription = newest_at_stripe(sandbox, "subscriptions")
    pays_by_link(elsewhere, payment_link(app, sandbox), "at.work@example.com")
    work()
    moves(ada, sandbox, work, NOW_ADAS)
    asks_for_link(ada, NOW_ADAS)
    with app.app_context():
        user_id = db.session.scalars(select(User.id).where(User.email == NOW_ADAS)).one()
        checkout, session = the(Checkout, user_id), the(SignIn, user_id)
        reset, change = the(PasswordReset, user_id), the(AddressChange, user_id)
        events = db.session.scalars(select(InboxEvent.id)).all()
        customer = checkout.customer_id or ""
        keys = [customer, checkout.stripe_id, payer_key(app)]
        return {
            "user_id": [user_id],
            "event_id": [events[0]],
            "subscription_id": [subscription],
            "invoice_id": [newest_at_stripe(sandbox, "invoices")],
            "feature": ["premium"],
            "key": [*keys],
            "token": [reset.token_hash, reset.nonce, session.token_hash, str(change.id), *keys],
            "session_id": [checkout.stripe_id],
            "customer": [customer],
            "email": [NOW_ADAS],
            "sessions": [session.id],
        }


def the(model: type[M], user_id: int) -> M:
    """The one row of this kind that is the member's."""
    return db.session.scalars(select(model).filter_by(user_id=user_id)).one()


def walk(app: Flask, ids: Ids) -> Iterator[tuple[str, str, str]]:
    """Every verb and address with a place for an id, filled with hers; and the same address with
    ids that nothing has."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("previews."):  # a developer's own machine, and samples alone
            continue
        names = sorted(rule.arguments - NOT_SOMEBODYS)
        for given in product(*(ids[name] for name in names)) if names else ():
            none = [2147483647 if isinstance(one, int) else "nothing" for one in given]
            hers, missing = (
                app.url_map.bind("").build(rule.endpoint, dict(zip(names, values, strict=True)))
                for values in (given, none)
            )
            for method in sorted({"GET", "POST"} & (rule.methods or set())):
                yield method, hers, missing


def met(person: Browser, token: str, method: str, path: str) -> tuple[int, str, str]:
    """All that the answer tells, but for the address that was asked for."""
    fields = {"csrf_token": token, "password": PASSWORD, "because": "It is mine."}
    sent = fields if method == "POST" else None
    answer = person.client.open(path, method=method, data=sent, base_url=person.site_url)
    text = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)
    return answer.status_code, (answer.location or "").replace(path, "…"), text.replace(path, "…")


def test_s57_an_address_with_anothers_id_is_as_with_one_that_nothing_has(
    ada: Browser,
    grace: Browser,
    visitor: Browser,
    browser: Callable[[], Browser],
    app: Flask,
    adas: Ids,
) -> None:
    people = [(grace, grace.token_on("/account")), (visitor, visitor.token_on("/login"))]
    with app.app_context():
        before = everything()
    for method, hers, missing in walk(app, adas):
        for person, token in people:
            there = met(person, token, method, hers)
            assert there == met(person, token, method, missing), (method, hers)
    with app.app_context():
        assert everything() == before
    assert is_in(ada)

    # And those are the ids by which the owner finds it all.
    opens_account(app, OLIVE)
    app.test_cli_runner().invoke(args=["owner", "add", OLIVE])
    olive = signs_in(browser(), OLIVE)
    desk = {hers for method, hers, _ in walk(app, adas) if "/admin" in hers and method == "GET"}
    found = {path for path in desk if olive.get(path).status_code == HTTPStatus.OK}
    for room in ("people/", "events/", "payments/cus_"):
        assert any(path.startswith(f"/admin/{room}") for path in found), room


def test_s57_nor_does_an_id_in_a_question_or_a_field_lead_to_it(
    ada: Browser, grace: Browser, app: Flask, adas: Ids
) -> None:
    asked = "&".join(f"{name}={values[0]}" for name, values in adas.items())
    asked += f"&id={adas['user_id'][0]}&subscription={adas['subscription_id'][0]}"
    secrets = [NOW_ADAS, *adas["customer"], *adas["subscription_id"]]
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            told = grace.get(f"{rule.rule}?{asked}").text.replace(asked, "")
            assert [word for word in secrets if str(word) in told] == [], rule.rule
    token = grace.token_on("/account")
    for key in (*adas["customer"], "cus_nothing"):
        answer = grace.post("/billing/portal", {"csrf_token": token, "customer": str(key)})
        assert answer.status_code == HTTPStatus.NOT_FOUND
    for number in (*adas["sessions"], 999):
        fields = {"csrf_token": token, "password": PASSWORD, "sessions": str(number)}
        assert grace.post("/account/security", fields).location == "/account/security"
    assert is_in(ada)

    returned = f"/checkout/complete?session_id={adas['session_id'][0]}"
    assert grace.get(returned).status_code == HTTPStatus.NOT_FOUND
    assert ada.get(returned).location == "/premium"
    assert all(str(word) in ada.get("/account/data.json").text for word in secrets)
