"""Our application with members in it, and the requests that measure it."""

import hmac
import itertools
import json
import random
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import flask_migrate
from flask import Flask

from bench import seed
from bench.bare import SECRET
from bench.load import Ask
from membership.commands import create_app
from membership.config import ROOT
from membership.db import db

READERS = 200
_numbers = itertools.count()


def environ(folder: Path, **changed: str) -> dict[str, str]:
    return {
        "SECRET_KEY": "a key for measuring, as long as any other",
        "SITE_URL": "http://127.0.0.1:8000",
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_WEBHOOK_SECRET": SECRET.decode(),
        "MAIL_SERVER": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
        "QUEUE_URL": f"sqlite:///{folder / 'queue.db'}",
        "LOG_LEVEL": "ERROR",
    } | changed


def prepare(
    environ: dict[str, str], *, members: int, signed_in: Sequence[int], paying: bool = True
) -> list[str]:
    """Make the database with so many members; returns the cookies of those that are signed in."""
    app = create_app(environ)
    with app.app_context():
        flask_migrate.upgrade(str(ROOT / "migrations"))
        db.engine.dispose()
    path = Path(environ["DATABASE_URL"].removeprefix("sqlite:///"))
    tokens = seed.fill(path, members=members, signed_in=signed_in, paying=paying)
    return [_cookie(app, token) for token in tokens]


def from_all_over(members: int) -> range:
    """Some members, from the first to the last."""
    return range(1, members + 1, max(1, members // READERS))


def premium_page(cookies: list[str]) -> Iterator[Ask]:
    while True:
        yield Ask("GET", "/premium", {"Cookie": random.choice(cookies)})  # noqa: S311


def webhooks(path: str, *, customers: int = 1) -> Iterator[Ask]:
    """Signed events with ids of their own, six thousand bytes each."""
    while True:
        number = next(_numbers)
        yield webhook(path, f"evt_bench_{number}_{time.time_ns()}", number % customers + 1)


def webhook(path: str, event_id: str, customer: int) -> Ask:
    event = {
        "id": event_id,
        "object": "event",
        "type": "customer.subscription.updated",
        "livemode": False,
        "data": {"object": {"id": "sub_1", "customer": f"cus_{customer}", "padding": "x" * 5800}},
    }
    body = json.dumps(event).encode()
    at = int(time.time())
    signed = hmac.digest(SECRET, f"{at}.".encode() + body, sha256).hex()
    return Ask("POST", path, {"Stripe-Signature": f"t={at},v1={signed}"}, body)


def _cookie(app: Flask, token: str) -> str:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
    client.get("/premium")  # as a browser has it that has been here: with the key of its forms
    cookie = client.get_cookie("session", domain="127.0.0.1")
    if cookie is None:
        raise RuntimeError("no session cookie was set")
    return f"session={cookie.value}"
