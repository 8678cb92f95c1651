"""A sync that is killed is gone on with: everybody is right in the end, and nobody there twice."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy.orm import Session

from membership.config import ROOT
from membership.due import LEASE
from membership.newsletter import subscribers
from membership.newsletter.models import Standing
from sandbox.server import Sandbox
from tests.support.clock import MovableClock
from tests.support.mailerlite_has import set_up
from tests.support.settings import settings
from tests.support.the_list import changes, emails, joins, row, syncs

READERS = 120
SYNC = """
import os
from membership.commands import create_app
from membership.newsletter.mailing_list import sync

with create_app(os.environ).app_context():
    sync.drain()
"""


def pay(session: Session, who: list[str], clock: MovableClock) -> None:
    for email in who:
        subscribers.set_membership(
            session, email, Standing.PAID, plan="supporter", renews_on=None, now=clock()
        )


@pytest.mark.parametrize("batch", [1, 4])
def test_a_sync_killed_while_a_batch_is_out_is_gone_on_with(
    app: Flask,
    sandbox: Sandbox,
    clock: MovableClock,
    database_url: str,
    tmp_path: Path,
    batch: int,
) -> None:
    """Everybody joins, and half of them pay: two calls for each of those, after the first."""
    set_up(app)
    everybody = emails(READERS)
    joins(app, *everybody[:60], now=clock())
    syncs(app)
    changes(app, pay, everybody[:60], clock)
    joins(app, *everybody[60:], now=clock())
    _killed(sandbox, database_url, tmp_path, batch)
    clock.passes(2 * LEASE)  # the killed one went by real time
    syncs(app)
    listed = _all_of(sandbox)
    assert Counter(each["email"] for each in listed) == Counter(everybody)
    for each in listed:
        pays = each["email"] in everybody[:60]
        assert [group["name"] for group in each["groups"]] == ["Paid" if pays else "Free"]
    assert not [email for email in everybody if row(app, email).due_at]


def _killed(sandbox: Sandbox, database_url: str, folder: Path, batch: int) -> None:
    """kill -9 while this batch is out: it is done at MailerLite, and its answer never arrives."""
    with _deaf_after(sandbox, batch) as (base, done):
        env = settings(
            SITE_URL="http://127.0.0.1:5999",
            DATABASE_URL=database_url,
            QUEUE_URL=f"sqlite:///{folder}/queue.db",
            STRIPE_API_BASE=sandbox.stripe_base,
            MAILERLITE_API_BASE=base,
            MAIL_PORT=str(sandbox.smtp_port),
        )
        process = subprocess.Popen(
            [sys.executable, "-c", SYNC], cwd=ROOT, env={**os.environ, **env}
        )
        assert done.wait(60)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL


@contextmanager
def _deaf_after(sandbox: Sandbox, batch: int) -> Iterator[tuple[str, threading.Event]]:
    """MailerLite behind a line that brings no answer any more from this batch on."""
    done, over, batches = threading.Event(), threading.Event(), itertools.count(1)

    class Line(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            answer = requests.request(
                self.command,
                sandbox.mailerlite_base.removesuffix("/mailerlite/api") + self.path,
                data=self.rfile.read(int(self.headers.get("Content-Length", 0))),
                headers={
                    name: self.headers[name]
                    for name in ("Authorization", "Accept", "Content-Type")
                    if name in self.headers
                },
                timeout=10,
            )
            if self.path.endswith("/batch") and next(batches) >= batch:
                done.set()
                over.wait(30)
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mailerlite/api", done
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _all_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [sandbox.lists.shown(each) for each in sandbox.lists.store.find("subscriber")]
