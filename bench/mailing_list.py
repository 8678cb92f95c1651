"""Ten thousand readers put on an empty list by the worker, while visitors ask for codes.

MailerLite is the sandbox's, with every limit of the real one made twenty times as wide, and kept:
what takes a minute here takes twenty there.
"""

import re
import resource
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import requests

from bench import servers, site
from bench.table import Figure
from membership import clock
from membership.commands import create_app
from membership.db import db, transaction
from membership.newsletter import signup
from sandbox.server import Sandbox

READERS = 10_000
WIDER = 20
CALLS, IMPORTS = 120, 5  # a minute, at MailerLite
LONGEST = 900.0  # seconds
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def measure(folder: Path) -> list[Figure]:
    with Sandbox() as sandbox, ExitStack() as stack:
        sandbox.mailerlite_limit = CALLS * WIDER
        sandbox.mailerlite_import_limit = IMPORTS * WIDER
        environ = site.environ(
            folder,
            MAILERLITE_API_BASE=sandbox.mailerlite_base,
            MAILERLITE_API_KEY="sandbox",
            MAILERLITE_CALLS_PER_MINUTE=str(CALLS * WIDER),
            MAIL_PORT=str(sandbox.smtp_port),
            MAIL_USE_TLS="false",
            RATELIMIT_ENABLED="false",
        )
        site.prepare(environ, members=1, signed_in=[1])
        _sign_up(environ)
        port = servers.free_port()
        stack.enter_context(servers.gunicorn("membership.app:create_app()", port, environ))
        return _figures(sandbox, port, environ)


def _sign_up(environ: dict[str, str]) -> None:
    app = create_app(environ)
    app.test_cli_runner().invoke(args=["newsletter", "setup"])
    with app.app_context():
        with transaction() as session:
            for number in range(READERS):
                signup.confirm(
                    session, f"reader{number}@example.com", letters=True, now=clock.now()
                )
        db.engine.dispose()


def _figures(sandbox: Sandbox, port: int, environ: dict[str, str]) -> list[Figure]:
    began, waits = time.monotonic(), list[float]()
    with servers.running(["-m", "flask", "worker"], environ):
        while (there := _listed(sandbox)) < READERS and time.monotonic() - began < LONGEST:
            waits.append(_code(sandbox, port, len(waits)))
            time.sleep(1)
        took = time.monotonic() - began
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        Figure(f"{READERS:,} readers: on the list", there, at_least=READERS),
        Figure(f"- in, with MailerLite's limits {WIDER} times as wide", took, "s"),
        Figure("- so in, with MailerLite's limits", took * WIDER / 60, "min"),
        Figure("- a visitor's code meanwhile, median", statistics.median(waits), "s"),
        Figure("- the slowest of them", max(waits), "s", at_most=10),
        Figure("- the worker's memory, at most", most, "MiB"),
    ]


def _listed(sandbox: Sandbox) -> int:
    """Readers in the group of those who pay nothing, as MailerLite's own pages would say."""
    free = sandbox.lists.store.find("group", lambda group: group["name"] == "Free")
    return len(sandbox.lists.store.find("subscriber", lambda one: free[0]["id"] in one["groups"]))


def _code(sandbox: Sandbox, port: int, number: int) -> float:
    """Seconds until the code of a visitor is in their inbox, whichever way it went."""
    email, visitor = f"visitor{number}@example.com", requests.Session()
    here = f"http://127.0.0.1:{port}"
    token = TOKEN.search(visitor.get(here, timeout=30).text)
    assert token
    began = time.monotonic()
    visitor.post(f"{here}/subscribe", {"email": email, "csrf_token": token[1]}, timeout=30)
    sandbox.mailbox.latest(to=email, timeout=60)
    return time.monotonic() - began
