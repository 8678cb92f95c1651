"""Our application with one paying member, and the requests that measure it."""

import hmac
import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import flask_migrate
from flask import Flask

from bench.bare import SECRET
from bench.load import Ask
from membership.accounts import sessions
from membership.accounts.models import User
from membership.app import create_app
from membership.billing.entitlements import Source
from membership.billing.models import Grant
from membership.config import ROOT
from membership.db import transaction

_numbers = itertools.count()


def environ(folder: Path) -> dict[str, str]:
    return {
        "SECRET_KEY": "a key for measuring, as long as any other",
        "SITE_URL": "http://127.0.0.1:8000",
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_WEBHOOK_SECRET": SECRET.decode(),
        "MAIL_SERVER": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
        "QUEUE_URL": f"sqlite:///{folder / 'queue.db'}",
        "LOG_LEVEL": "ERROR",
    }


def prepare(folder: Path) -> str:
    """Make the database with Ada in it; returns her cookie."""
    app = create_app(environ(folder))
    with app.app_context():
        flask_migrate.upgrade(str(ROOT / "migrations"))
    return _cookie(app)


def premium_page(cookie: str) -> Iterator[Ask]:
    while True:
        yield Ask("GET", "/premium", {"Cookie": cookie})


def webhooks(path: str) -> Iterator[Ask]:
    """Signed events with ids of their own, six thousand bytes each."""
    while True:
        event = {
            "id": f"evt_bench_{next(_numbers)}_{time.time_ns()}",
            "object": "event",
            "type": "customer.subscription.updated",
            "livemode": False,
            "data": {"object": {"id": "sub_1", "customer": "cus_1", "padding": "x" * 5800}},
        }
        body = json.dumps(event).encode()
        at = int(time.time())
        signed = hmac.digest(SECRET, f"{at}.".encode() + body, sha256).hex()
        yield Ask("POST", path, {"Stripe-Signature": f"t={at},v1={signed}"}, body)


def _cookie(app: Flask) -> str:
    now = datetime.now(UTC)
    with app.test_request_context(), transaction() as rows:
        ada = User(email="ada@example.com", created_at=now)
        rows.add(ada)
        rows.flush()
        token = sessions.begin(rows, ada, now=now)
        rows.add(
            Grant(
                user_id=ada.id,
                feature="premium",
                source=Source.COMP,
                source_ref="bench",
                starts_at=now,
                ends_at=now + timedelta(days=1),
                reason="measuring",
            )
        )
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
    cookie = client.get_cookie("session", domain="127.0.0.1")
    if cookie is None:
        raise RuntimeError("no session cookie was set")
    return f"session={cookie.value}"
