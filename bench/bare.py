"""What the framework alone costs: the contenders ours is held against, in as few lines as can be.

`hello` answers two bytes. `webhook` verifies a signature and inserts the event durably into the
SQLite file at BENCH_DATABASE, which is the least an honest receiver does.
"""

import hmac
import json
import os
import sqlite3
import threading
from hashlib import sha256

from flask import Flask, request

SECRET = b"whsec_bench"
_connections = threading.local()


def hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hi", endpoint="hello")
    return app


def webhook() -> Flask:
    app = Flask("webhook")
    path = os.environ["BENCH_DATABASE"]

    def receive() -> tuple[str, int]:
        body = request.get_data(cache=False)
        parts = dict(part.split("=", 1) for part in request.headers["Stripe-Signature"].split(","))
        expected = hmac.digest(SECRET, parts["t"].encode() + b"." + body, sha256).hex()
        if not hmac.compare_digest(expected, parts["v1"]):
            return "", 400
        event = json.loads(body)
        _connection(path).execute(
            "INSERT OR IGNORE INTO events VALUES (?, ?, ?)",
            (event["id"], event["type"], body.decode()),
        )
        return "", 200

    app.add_url_rule("/", view_func=receive, endpoint="webhook", methods=["POST"])
    return app


def _connection(path: str) -> sqlite3.Connection:
    """One a thread, each statement its own durable transaction."""
    if not hasattr(_connections, "one"):
        _connections.one = sqlite3.connect(path, isolation_level=None, timeout=20)
        _connections.one.execute("PRAGMA journal_mode = WAL")
        _connections.one.execute("PRAGMA synchronous = FULL")
        _connections.one.execute(
            "CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, type TEXT, body TEXT)"
        )
    connection: sqlite3.Connection = _connections.one
    return connection
