"""Whether the time an answer takes says who has an account: `make timing`, `make timing TRIES=500`.

At every door where an address is typed, known and unknown ones are tried in turn, at bcrypt's real
cost; at the newsletter form every other kind of address, too: a reader's without an account, one
that unsubscribed there or here, one over its limit. Their medians may lie apart by 10 % or 15 ms,
whichever is more. Prints a table; exit status 1 when a door tells.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import select

from membership import clock as clocks
from membership.accounts import registration
from membership.accounts.models import User
from membership.billing.models import UnclaimedPayment
from membership.commands import create_app
from membership.db import db, transaction
from membership.newsletter import signup, subscribers
from sandbox.server import Sandbox
from tests.support.browser import Browser
from tests.support.databases import migrated_sqlite
from tests.support.paying import copy_catalogue
from tests.support.people import ADA, PASSWORD, opens_account, signs_in
from tests.support.settings import WEBHOOK_SECRET, settings

SITE = "http://127.0.0.1:8000"
TRIES = 200
SHARE, SECONDS = 0.10, 0.015
WRONG = "not the password of anybody"


@dataclass(frozen=True)
class Door:
    """`send` is timed; what it needs before is read from the page first."""

    name: str
    page: str
    path: str
    signed_in: bool
    fields: dict[str, str]


DOORS = (
    Door("sign in", "/login", "/login", False, {"password": WRONG}),
    Door("forgotten password", "/forgot", "/forgot", False, {}),
    Door("newsletter form", "/", "/subscribe", False, {}),
    Door("join with a code", "/join", "/join", False, {"code": "000000", "password": PASSWORD}),
    Door("claim a payment", "/claim", "/claim", True, {}),
    Door("change of address", "/account/email", "/account/email", True, {"password": PASSWORD}),
)


@dataclass(frozen=True)
class Row:
    """Medians, in seconds."""

    door: str
    known: float
    unknown: float

    @property
    def tells(self) -> bool:
        apart = abs(self.known - self.unknown)
        return apart > max(SECONDS, SHARE * max(self.known, self.unknown))

    def __str__(self) -> str:
        known, unknown = self.known * 1000, self.unknown * 1000
        verdict = "TELLS" if self.tells else "alike"
        apart = known - unknown
        return f"{self.door:<20}{known:9.1f} ms{unknown:9.1f} ms{apart:+8.1f} ms   {verdict}"


# Kinds of addresses at the newsletter form, besides unknown ones and members', the known ones.
KINDS = ("reader", "unsubscribed", "stopped", "over its limit")


class _Clock:
    """Five hours pass between two tries, so that no limit is met."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def run(tries: int, folder: Path, *, rounds: str = "12") -> Iterator[Row]:
    """One row for each door, after so many tries with known and as many with unknown addresses."""
    clock = _Clock()
    with Sandbox(webhook_secret=WEBHOOK_SECRET) as sandbox:
        sandbox.seed()
        app = create_app(
            settings(
                DATABASE_URL=migrated_sqlite(folder).copy_to(folder / "site.db"),
                STRIPE_API_BASE=sandbox.stripe_base,
                MAILERLITE_API_BASE=sandbox.mailerlite_base,
                MAIL_PORT=str(sandbox.smtp_port),
                BCRYPT_LOG_ROUNDS=rounds,
            ),
            clock=clock,
        )
        copy_catalogue(app)
        opens_account(app, ADA)
        _opens_accounts(app, tries)
        _are_readers(app, tries)
        for door in DOORS:
            yield _at(door, app, clock, tries)
        for kind in KINDS:
            yield _of_kind(kind, app, clock, tries)


def _opens_accounts(app: Flask, tries: int) -> None:
    """All with Ada's password, so that it is hashed once; with each address something was paid
    that nobody has claimed."""
    now = clocks.system()
    with app.app_context():
        password_hash = db.session.scalars(select(User.password_hash)).one()
        with transaction() as rows:
            for number in range(tries):
                email = _known(number)
                registration.register(rows, email, password_hash or "", now=now)
                rows.add(
                    UnclaimedPayment(key=f"cus_{number}", email=email, reason="-", found_at=now)
                )


def _are_readers(app: Flask, tries: int) -> None:
    now = clocks.system()
    with app.app_context(), transaction() as rows:
        for number in range(tries):
            for kind in KINDS[:3]:
                email = _of(kind, number)
                signup.confirm(rows, email, letters=True, now=now)
                if kind == "stopped":
                    subscribers.stop_letters(rows, email, now)
                if kind == "unsubscribed":
                    subscribers.of(rows, email, now=now).status = "unsubscribed"


def _of(kind: str, number: int) -> str:
    return f"{kind.replace(' ', '-')}{number:04}@example.com"


def _of_kind(kind: str, app: Flask, clock: _Clock, tries: int) -> Row:
    """The newsletter form for these, beside unknown ones."""
    door = next(door for door in DOORS if door.path == "/subscribe")
    took: dict[bool, list[float]] = {True: [], False: []}
    person = Browser(app, SITE)
    _send(door, person, "warming@example.com")
    for number in range(tries):
        for known in (number % 2 == 0, number % 2 == 1):
            clock.now += timedelta(hours=5)
            email = _of(kind, number) if known else f"{kind[:2]}never{number:04}@example.com"
            if known and kind == "over its limit":
                for _ in range(2):
                    _send(door, person, email)
            took[known].append(_send(door, person, email))
    return Row(f"form: {kind}", statistics.median(took[True]), statistics.median(took[False]))


def _known(number: int) -> str:
    return f"known{number:04}@example.com"


def _unknown(number: int) -> str:
    return f"never{number:04}@example.com"


def _at(door: Door, app: Flask, clock: _Clock, tries: int) -> Row:
    took: dict[bool, list[float]] = {True: [], False: []}
    person = Browser(app, SITE)
    _send(door, person, "warming@example.com")
    for number in range(tries):
        for known in (number % 2 == 0, number % 2 == 1):
            clock.now += timedelta(hours=5)
            email = _known(number) if known else _unknown(number)
            took[known].append(_send(door, person, email))
    return Row(door.name, statistics.median(took[True]), statistics.median(took[False]))


def _send(door: Door, person: Browser, email: str) -> float:
    """How long the answer took, in seconds."""
    if door.signed_in and person.get("/account").status_code != HTTPStatus.OK:
        signs_in(person, ADA)
    token = person.token_on(f"{door.page}?change=1")
    fields = {"csrf_token": token, "email": email, **door.fields}
    began = time.perf_counter()
    answer = person.post(door.path, fields)
    took = time.perf_counter() - began
    if answer.status_code not in (303, 422):
        raise RuntimeError(f"{door.name}: {answer.status}")
    return took


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tries", type=int, default=TRIES)
    tries = arguments.parse_args().tries
    with tempfile.TemporaryDirectory() as folder:
        click.echo(f"Medians of {tries} tries each.")
        click.echo(f"{'door':<20}{'known':>12}{'unknown':>12}{'apart':>11}")
        rows = []
        for row in run(tries, Path(folder)):
            click.echo(str(row))
            rows.append(row)
    return 1 if any(row.tells for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
