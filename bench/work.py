"""From a webhook to an open door: a backlog worked off, one event at leisure, and everybody writing
at once. Web, worker and a Stripe that answers at once, each a process of its own."""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import requests

from bench import servers, site, stripe_stub
from bench.load import burst
from bench.table import Figure
from membership import inbox
from membership.billing import events
from membership.commands import create_app
from membership.db import db, transaction

BACKLOG, CUSTOMERS = 10_000, 2_000
ONE_BY_ONE = range(CUSTOMERS + 1, CUSTOMERS + 22)
MEMBERS = 6_000
WRITING_FOR = 20.0  # seconds


def measure(folder: Path) -> list[Figure]:
    with ExitStack() as stack:
        stripe_stub.record(folder / "stripe.json")
        stripe = servers.free_port()
        stub = {"BENCH_STRIPE": str(folder / "stripe.json"), "WEB_CONCURRENCY": "1"}
        stack.enter_context(servers.gunicorn("bench.stripe_stub:stripe()", stripe, stub))
        environ = site.environ(
            folder,
            STRIPE_API_BASE=f"http://127.0.0.1:{stripe}",
            STRIPE_CALLS_PER_SECOND="1000",
        )
        cookies = site.prepare(environ, members=MEMBERS, signed_in=ONE_BY_ONE, paying=False)
        _queue_up(environ)
        port = servers.free_port()
        web = servers.gunicorn("membership.app:create_app()", port, environ)
        stack.enter_context(web)
        stack.enter_context(servers.running(["-m", "flask", "worker"], environ))
        return [
            *_backlog(folder, f"http://127.0.0.1:{stripe}"),
            _to_the_open_door(port, cookies),
            *_all_writing(port, environ),
        ]


def _queue_up(environ: dict[str, str]) -> None:
    """As Stripe sends them: all that happened to a customer, then the next customer's."""
    app = create_app(environ)
    app.test_cli_runner().invoke(args=["billing", "catalogue"])
    each = BACKLOG // CUSTOMERS
    with app.app_context():
        with transaction() as session:
            for number in range(BACKLOG):
                told = json.loads(site.webhook("", f"evt_{number}", number // each + 1).body)
                inbox.receive(session, [events.row(told, "{}")])
        db.engine.dispose()


def _backlog(folder: Path, stripe: str) -> list[Figure]:
    began = time.monotonic()
    with sqlite3.connect(folder / "site.db") as rows:
        while rows.execute("SELECT 1 FROM inbox WHERE done_at IS NULL LIMIT 1").fetchone():
            time.sleep(0.2)
        took = time.monotonic() - began
        (opened,) = rows.execute("SELECT count(*) FROM grants").fetchone()
    rows.close()
    asked = requests.get(f"{stripe}/asked", timeout=30).json()
    return [
        Figure(f"{BACKLOG:,} events of {CUSTOMERS:,} customers: doors opened", opened),
        Figure("- worked off in", took, "s"),
        Figure("- reads of a customer at Stripe", sum(asked.values()), at_most=CUSTOMERS),
    ]


def _to_the_open_door(port: int, cookies: list[str]) -> Figure:
    """Each member tries the door again every 20 ms."""
    waits = []
    for customer, cookie in zip(ONE_BY_ONE, cookies, strict=True):
        time.sleep(0.5)
        told = site.webhook("/webhooks/stripe", f"evt_one_{customer}", customer)
        began = time.monotonic()
        burst(port, iter([told]), callers=1, count=1)
        while not _is_let_in(port, cookie):
            time.sleep(0.02)
        waits.append(time.monotonic() - began)
    return Figure("webhook received to /premium open", statistics.median(waits), "s", at_most=1)


def _is_let_in(port: int, cookie: str) -> bool:
    page = requests.get(f"http://127.0.0.1:{port}/premium", headers={"Cookie": cookie}, timeout=30)
    return page.status_code == HTTPStatus.OK


def _all_writing(port: int, environ: dict[str, str]) -> list[Figure]:
    """Two callers never let the webhook rest, the worker follows, and a third process writes."""
    probe = subprocess.Popen(
        [sys.executable, "bench/probe.py", str(WRITING_FOR)],
        cwd=servers.ROOT,
        env=os.environ | environ,
        stdout=subprocess.PIPE,
    )
    asks = site.webhooks("/webhooks/stripe", customers=MEMBERS)
    bursts = []
    while probe.poll() is None:
        bursts.append(burst(port, asks, callers=2, count=200))
    assert probe.stdout
    found = json.loads(probe.stdout.read())
    probe.stdout.close()
    return [
        Figure(
            "web, worker and sweep write: the sweep's slowest", found["slowest"], "ms", at_most=250
        ),
        Figure("- slowest webhook", max(b.slowest for b in bursts), "ms", at_most=250),
        Figure("- refused", found["refused"] + sum(b.errors for b in bursts), at_most=0),
    ]
