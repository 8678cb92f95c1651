"""What the framework alone costs: the contenders ours is held against, in as few lines as can be.

`webhook` verifies a signature and inserts the event durably into the SQLite file at
BENCH_DATABASE, which is the least an honest receiver does. `page` is a members' page as the
manuals of Flask-Login and Flask-SQLAlchemy have it: the member by one query, a template of
BENCH_BYTES; it asks nobody whether they have paid. `hello` answers two bytes.
"""

import hmac
import json
import os
import sqlite3
import threading
from hashlib import sha256

from flask import Flask, render_template, request
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy.orm import Mapped, mapped_column

SECRET = b"whsec_bench"
LINE = "Nothing here is for skimming. Take a piece that looks slower than you have time for."
BASE = (
    "<!doctype html><title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"
)
PAGE = """{% extends "base.html" %}{% block title %}Members{% endblock %}
{% block content %}<h1>Welcome, {{ current_user.email }}</h1>
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}{% endblock %}"""
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


def page() -> Flask:
    app = Flask("page")
    app.config["SECRET_KEY"] = "a key for measuring, as long as any other"
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['BENCH_DATABASE']}"
    app.jinja_loader = DictLoader({"base.html": BASE, "page.html": PAGE})
    database = SQLAlchemy(app)
    login = LoginManager(app)
    lines = [LINE] * (int(os.environ["BENCH_BYTES"]) // len(LINE))

    class Member(UserMixin, database.Model):  # type: ignore[misc, name-defined]
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str] = mapped_column(unique=True)

    login.user_loader(lambda number: database.session.get(Member, int(number)))
    with app.app_context():
        database.create_all()
        if database.session.get(Member, 1) is None:
            database.session.add(Member(id=1, email="ada@example.com"))
            database.session.commit()
        database.engine.dispose()  # what was opened before the fork stays there

    @app.get("/login")
    def sign_in() -> str:
        login_user(database.session.get(Member, 1))
        return ""

    @app.get("/")
    @login_required
    def members() -> str:
        return render_template("page.html", lines=lines)

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
