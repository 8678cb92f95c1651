"""Stripe's webhook takes what Stripe signed, and nothing else leaves a trace."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from membership.billing.models import Grant
from membership.db import db
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.support.browser import Browser, Elsewhere
from tests.support.clock import MovableClock
from tests.support.failing import everything
from tests.support.mail import Work, mails_to
from tests.support.paying import ask_stripe, chooses, copy_catalogue, newest_at_stripe, pays
from tests.support.people import GRACE
from tests.support.stripe_signs import body, event, signature
from tests.support.threads import at_once

READING = {"customers", "paces", "sync_tickets"}  # what is written down of a look at Stripe
RAW = body(event(kind="radar.something.new"))


def tells(app: Flask, raw: bytes, header: str | None = None, **headers: str) -> TestResponse:
    said = headers if header is None else {"Stripe-Signature": header, **headers}
    return app.test_client().post("/webhooks/stripe", data=raw, headers=said)


def takes(app: Flask, raw: bytes) -> int:
    return tells(app, raw, signature(raw)).status_code


def events_kept(app: Flask) -> int:
    with app.app_context():
        return db.session.query(InboxEvent).count()


def test_s47_what_stripe_did_not_sign_these_five_minutes_is_refused(app: Flask) -> None:
    refused = {
        "no header": None,
        "another's secret": signature(RAW, secret="whsec_of_another"),
        "too old": signature(RAW, age=301),
        "other bytes": signature(RAW + b" "),
        "no scheme of ours": signature(RAW).replace("v1=", "v0="),
    }
    for why, header in refused.items():
        assert tells(app, RAW, header).status_code == HTTPStatus.BAD_REQUEST, why
    assert events_kept(app) == 0
    assert tells(app, RAW, signature(RAW, age=290)).status_code == HTTPStatus.OK
    assert events_kept(app) == 1


def test_s48_two_secrets_serve_while_one_is_replaced(make_app: Callable[..., Flask]) -> None:
    app = make_app(STRIPE_WEBHOOK_SECRET="whsec_old,whsec_new")
    for number, secret in enumerate(("whsec_old", "whsec_new", "whsec_other")):
        raw = body(event(f"evt_{number}", "radar.something.new"))
        expected = 400 if secret == "whsec_other" else 200
        assert tells(app, raw, signature(raw, secret=secret)).status_code == expected


def test_s48_a_members_cookie_changes_nothing_at_the_webhook(
    ada: Browser, app: Flask, site_url: str
) -> None:
    with_cookie = ada.client.post("/webhooks/stripe", data=RAW, base_url=site_url)
    assert with_cookie.status_code == HTTPStatus.BAD_REQUEST
    headers = {"Stripe-Signature": signature(RAW)}
    taken = ada.client.post("/webhooks/stripe", data=RAW, headers=headers, base_url=site_url)
    assert taken.status_code == HTTPStatus.OK
    assert "Set-Cookie" not in taken.headers


def test_s49_a_body_too_large_is_refused_though_it_is_signed(app: Flask) -> None:
    large = body(event(about={"id": "sub_1", "padding": "x" * 5_000_000}))
    assert tells(app, large, signature(large)).status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert events_kept(app) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_s49_only_a_post_is_answered(app: Flask, method: str) -> None:
    answer = app.test_client().open("/webhooks/stripe", method=method)
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.usefixtures("listening")
def test_s50_ten_times_at_once_and_in_the_wrong_order_is_one_effect(
    grace: Browser,
    app: Flask,
    clock: MovableClock,
    elsewhere: Elsewhere,
    sandbox: Sandbox,
    work: Work,
) -> None:
    """`deleted` comes before what came before it, each of them ten times at once; what came before
    says that she still pays."""
    copy_catalogue(app)
    pays(elsewhere, chooses(grace, app))
    work()
    assert grace.get("/premium").status_code == HTTPStatus.OK
    subscription = newest_at_stripe(sandbox, "subscriptions")
    paying = ask_stripe(sandbox, f"subscriptions/{subscription}", method="GET")
    ended = ask_stripe(sandbox, f"subscriptions/{subscription}", method="DELETE")
    assert (paying["status"], ended["status"]) == ("active", "canceled")
    clock.passes(timedelta(minutes=1))
    work()
    work()  # her mails are sent, too
    mailed = mails_to(sandbox, GRACE)
    with app.app_context():
        before = everything(but=("inbox", "heartbeats", "outbox"))
    history = {"deleted": ended, "updated": paying, "created": paying}
    told = [
        body(event(f"evt_{kind}", f"customer.subscription.{kind}", about=about))
        for kind, about in history.items()
    ]
    kept = events_kept(app)
    for raw in told:
        assert at_once(*[partial(takes, app, raw)] * 10) == [200] * 10
    assert events_kept(app) == kept + len(told)
    work()
    assert grace.get("/premium").status_code == HTTPStatus.PAYMENT_REQUIRED
    with app.app_context():
        assert db.session.query(Grant).count() == 1
        after = everything(but=("inbox", "heartbeats", "outbox"))
    assert {table for table in before if before[table] != after[table]} <= READING
    assert mails_to(sandbox, GRACE) == mailed


def test_s50_a_kind_nobody_knows_is_taken_and_left_alone(app: Flask, work: Work) -> None:
    raw = body(event("evt_new", "something.quite.new", about={"id": "x_1", "at": time.time()}))
    assert tells(app, raw, signature(raw)).status_code == HTTPStatus.OK
    with app.app_context():
        assert db.session.query(InboxEvent).one().due_at is None
