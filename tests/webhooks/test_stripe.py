"""What the Stripe webhook takes in, and what it never does."""

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.event import listen
from sqlalchemy.orm import undefer

from membership.db import db
from membership.inbox import InboxEvent
from sandbox.server import Sandbox
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.stripe_signs import body, event, signature
from tests.support.threads import at_once

OTHER_SECRET = "whsec_of_somebody_else"


def tell(app: Flask, raw: bytes, header: str | None = None) -> tuple[int, object]:
    headers = {"Stripe-Signature": signature(raw) if header is None else header}
    answer = app.test_client().post("/webhooks/stripe", data=raw, headers=headers)
    return answer.status_code, answer.json if answer.is_json else answer.text


def stored(app: Flask) -> list[InboxEvent]:
    with app.app_context():
        whole = select(InboxEvent).options(undefer(InboxEvent.body)).order_by(InboxEvent.id)
        return list(db.session.scalars(whole))


@on_each_database
def test_a_signed_event_is_stored_and_due_before_anyone_calls_stripe(
    app: Flask, clock: MovableClock, sandbox: Sandbox
) -> None:
    sandbox.stripe_fault = "down"
    raw = body(event())
    assert tell(app, raw) == (200, {"stored": True})
    (kept,) = stored(app)
    assert (kept.event_id, kept.subject) == ("evt_1", "cus_1")
    assert kept.body.encode() == raw
    assert kept.due_at == clock()
    assert kept.done_at is None


RAW = body(event())


def somebody_elses(raw: bytes) -> str:
    return signature(raw, secret=OTHER_SECRET)


def too_old(raw: bytes) -> str:
    return signature(raw, age=301)


def another_scheme(raw: bytes) -> str:
    return signature(raw).replace("v1=", "v0=")


def of_other_bytes(raw: bytes) -> str:
    return signature(raw.replace(b"cus_1", b"cus_2"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=1,v1=",
        "t=1,v1=é",
        somebody_elses,
        too_old,
        another_scheme,
        of_other_bytes,
    ],
)
def test_what_stripe_did_not_sign_leaves_no_trace(
    app: Flask, header: str | Callable[[bytes], str]
) -> None:
    status, told = tell(app, RAW, header if isinstance(header, str) else header(RAW))
    assert status == 400
    assert told == {"error": "no webhook secret of ours signed this"}
    assert stored(app) == []


NO_EVENTS = {
    "not UTF-8": b"\xff\xfe",
    "not JSON": b"not json",
    "a list": b"[]",
    "a string": b'"evt"',
    "empty": b"{}",
    "an id in a list": body(event() | {"id": ["evt_1"]}),
    "an id no text can hold": body(event() | {"id": "evt_\ud800"}),
    "an id with a NUL": body(event() | {"id": "evt_\0"}),
    "an endless id": body(event() | {"id": "e" * 256}),
    "a type that is a number": body(event() | {"type": 7}),
    "a mode in words": body(event() | {"livemode": "false"}),
}


@pytest.mark.parametrize("raw", NO_EVENTS.values(), ids=NO_EVENTS.keys())
def test_what_is_signed_but_no_event_leaves_no_trace(app: Flask, raw: bytes) -> None:
    status, told = tell(app, raw)
    assert status == 400
    assert isinstance(told, dict)
    assert told["error"]
    assert stored(app) == []


def test_an_event_of_the_other_mode_is_refused(app: Flask) -> None:
    status, _ = tell(app, body(event(livemode=True)))
    assert (status, stored(app)) == (400, [])


def test_a_body_too_large_is_refused(app: Flask) -> None:
    status, _ = tell(app, body(event(about={"id": "sub_1", "padding": "x" * 300_000})))
    assert (status, stored(app)) == (413, [])


def test_only_post_is_answered(app: Flask) -> None:
    assert app.test_client().get("/webhooks/stripe").status_code == 405


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"object": None}, {"object": []}, {"object": {"customer": {}}},
             {"object": {"customer": "cus_\ud800"}}, {"object": {"customer": 5}}]
)  # fmt: skip
def test_an_event_about_nothing_we_can_name_is_stored_and_left_alone(
    app: Flask, data: object
) -> None:
    assert tell(app, body(event() | {"data": data}))[0] == 200
    (kept,) = stored(app)
    assert kept.due_at is None


def test_a_type_that_means_nothing_to_us_is_stored_and_left_alone(app: Flask) -> None:
    assert tell(app, body(event(kind="radar.something.new")))[0] == 200
    (kept,) = stored(app)
    assert kept.due_at is None


@on_each_database
def test_the_same_event_ten_times_at_once_is_stored_once(app: Flask) -> None:
    answers = at_once(*[partial(tell, app, RAW)] * 10)
    assert [status for status, _ in answers] == [200] * 10
    assert len(stored(app)) == 1


@on_each_database
def test_events_that_come_at_one_moment_are_each_stored(app: Flask) -> None:
    raws = [body(event(f"evt_{number}")) for number in range(12)]
    answers = at_once(*(partial(tell, app, raw) for raw in raws))
    assert [status for status, _ in answers] == [200] * 12
    assert {kept.event_id for kept in stored(app)} == {f"evt_{number}" for number in range(12)}


@on_each_database
def test_one_webhook_is_one_commit(app: Flask) -> None:
    commits: list[Connection] = []
    with app.app_context():
        listen(db.engine, "commit", commits.append)
    assert tell(app, RAW)[0] == 200
    assert len(commits) == 1


def test_without_a_secret_everything_is_refused(make_app: Callable[..., Flask]) -> None:
    app = make_app(STRIPE_WEBHOOK_SECRET="")
    assert tell(app, RAW)[0] == 400
    assert tell(app, RAW, signature(RAW, secret=""))[0] == 400
    assert stored(app) == []


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_either_secret_serves_while_they_are_rotated(
    make_app: Callable[..., Flask], secret: str
) -> None:
    app = make_app(STRIPE_WEBHOOK_SECRET="whsec_old,whsec_new")
    assert tell(app, RAW, signature(RAW, secret=secret))[0] == 200
