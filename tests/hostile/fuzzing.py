"""Hostile requests at every address of the site: `make fuzz`, `make fuzz REQUESTS=50000 SEED=7`.

As a visitor, a member and an owner. Nothing may break (no 500, no traceback in the log), no GET may
write, nobody's rights may change, and a request without this browser's token may write nothing.
Prints its figures; exit status 1 when something did not hold.
"""

import argparse
import logging
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import click
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder

from membership.accounts.models import User
from membership.commands import create_app
from membership.db import transaction
from sandbox.server import Sandbox
from tests.hostile import words
from tests.support.browser import Browser
from tests.support.databases import migrated_sqlite
from tests.support.paying import copy_catalogue
from tests.support.people import ADA, EDSGER, is_granted, opens_account, signs_in
from tests.support.settings import WEBHOOK_SECRET, settings

SITE = "http://127.0.0.1:8000"
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
STAYS = (
    "SELECT id, email, name, is_owner, password_hash, disabled_at FROM users",
    "SELECT * FROM grants",
)
MAY_SAY_503 = ("/readyz",)  # no worker runs beside it


@dataclass
class Figures:
    """What was tried, and what came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    rules: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = ", ".join(f"{n} × {status}" for status, n in sorted(self.statuses.items()))
        return f"{self.statuses.total()} requests at {len(self.rules)} addresses: {told}."


class _Ears(logging.Handler):
    """Every traceback that the log was given."""

    def __init__(self) -> None:
        super().__init__()
        self.tracebacks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.tracebacks.append(record.getMessage())


class _Watch:
    """The database from beside: whether somebody wrote, and what may never change."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._seen = self._version()

    def wrote(self) -> bool:
        """Since it was asked last."""
        before, self._seen = self._seen, self._version()
        return before != self._seen

    def stays(self) -> list[list[Any]]:
        return [self._connection.execute(statement).fetchall() for statement in STAYS]

    def close(self) -> None:
        self._connection.close()

    def _version(self) -> int:
        found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return found


def run(requests: int, seed: int, folder: Path) -> Figures:
    """So many, always the same ones for a seed."""
    template = migrated_sqlite(folder)
    with Sandbox(webhook_secret=WEBHOOK_SECRET) as sandbox:
        sandbox.seed()
        app = create_app(
            settings(
                DATABASE_URL=template.copy_to(folder / "site.db"),
                STRIPE_API_BASE=sandbox.stripe_base,
                MAILERLITE_API_BASE=sandbox.mailerlite_base,
                MAIL_PORT=str(sandbox.smtp_port),
            )
        )
        copy_catalogue(app)
        ears = _Ears()
        for name in ("membership", "webhooks"):
            logging.getLogger(name).handlers[:] = [ears]
        watch = _Watch(folder / "site.db")
        try:
            return _attack(app, Random(seed), requests, ears, watch)  # noqa: S311 - to be repeated
        finally:
            watch.close()


def _attack(app: Flask, chance: Random, requests: int, ears: _Ears, watch: _Watch) -> Figures:
    people = _people(app)
    tokens = {name: person.token_on("/") for name, person in people.items()}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "accounts.logout"]
    figures, stays = Figures(), watch.stays()
    watch.wrote()
    for number in range(requests):
        name = chance.choice(list(people))
        rule = rules[number % len(rules)]
        with_token = tokens[name] if chance.random() < 0.5 else None
        method, status = _ask(people[name], rule, chance, with_token)
        what = f"{method} {rule.rule} as {name} (number {number}): {status}"
        figures.rules.add(rule.rule)
        figures.statuses[status] += 1
        if status >= 500 and not (status == 503 and rule.rule in MAY_SAY_503):
            figures.wrong.append(what)
        if ears.tracebacks:
            figures.wrong.append(f"{what}, and the log has: {ears.tracebacks.pop()}")
            ears.tracebacks.clear()
        if watch.wrote() and method in SAFE:
            figures.wrong.append(f"{what}, and it wrote")
    if watch.stays() != stays:
        figures.wrong.append("somebody's account or rights are not what they were")
    return figures


def _people(app: Flask) -> dict[str, Browser]:
    user_id = opens_account(app, ADA)
    is_granted(app, user_id, ends_at=None)
    owner_id = opens_account(app, EDSGER)
    with app.app_context(), transaction() as rows:
        rows.get_one(User, owner_id).is_owner = True
    return {
        "visitor": Browser(app, SITE),
        "member": signs_in(Browser(app, SITE), ADA),
        "owner": signs_in(Browser(app, SITE), EDSGER),
    }


def _ask(person: Browser, rule: Rule, chance: Random, token: str | None) -> tuple[str, int]:
    path = "".join(
        words.quoted(chance.choice(words.VALUES)[:3000]) if is_argument else part
        for is_argument, part in rule._trace
        if part != "|"
    )
    method = chance.choice(words.METHODS)
    if chance.random() < 0.5:
        raw, kind = words.form(chance, token), "application/x-www-form-urlencoded"
    else:
        raw, kind = words.body(chance)
    headers = {"Content-Type": kind}
    for name in chance.sample(sorted(words.HEADERS), chance.choice((0, 0, 1, 3))):
        headers[name] = chance.choice(words.HEADERS[name])
    builder = EnvironBuilder(
        path=path.removesuffix("|") or "/",
        query_string=words.form(chance, None).decode(),
        base_url=SITE,
        method=method,
        data=None if method in SAFE else raw,
        headers=Headers(headers),
    )
    with person.client.open(builder.get_request()) as answer:
        return method, answer.status_code


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--requests", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    wanted = arguments.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(wanted.requests, wanted.seed, Path(folder))
    click.echo(figures)
    click.echo(f"Seed {wanted.seed}, {time.monotonic() - began:.0f} seconds.")
    for what in figures.wrong[:20]:
        click.echo(f"  {what}")
    click.echo(f"{len(figures.wrong)} did not hold." if figures.wrong else "Everything held.")
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
