"""Sixteen people sign in at once, again and again: do readers notice?"""

import http.client
import re
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import bcrypt

from bench import servers, site
from bench.load import Measured, measured
from bench.table import Figure
from membership.accounts.hashing import hash_password
from membership.app import create_app

ROUNDS, SECONDS = 5, 8.0
READERS, PEOPLE = 4, 16
THINKING = 0.02  # seconds between two pages of a reader
CORES = 2
PASSWORD = "wandering otters read slowly"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """Somebody with the sign-in page before them, at a network address of their own."""

    number: int
    port: int
    done: int = 0
    refused: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    form: str = ""

    def open_page(self) -> None:
        self.headers = {"X-Forwarded-For": f"203.0.113.{self.number}"}
        connection = self._connect()
        answer, page = _ask(connection, "GET", "/login", self.headers)
        connection.close()
        token = TOKEN.search(page)
        assert token
        self.headers["Cookie"] = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        self.headers["Content-Type"] = "application/x-www-form-urlencoded"
        email = f"member{self.number}@example.com"
        self.form = urlencode({"email": email, "password": PASSWORD, "csrf_token": token[1]})

    def signs_in_until(self, over: threading.Event) -> None:
        connection = self._connect()
        while not over.is_set():
            answer, _ = _ask(connection, "POST", "/login", self.headers, self.form)
            self.done += answer.status == http.HTTPStatus.SEE_OTHER
            self.refused += answer.status != http.HTTPStatus.SEE_OTHER
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


def measure(folder: Path) -> list[Figure]:
    environ = site.environ(folder, TRUSTED_PROXIES="1")
    cookies = site.prepare(environ, members=20, signed_in=range(1, READERS + 1))
    _give_passwords(environ)
    possible = _hashes_a_second()
    port = servers.free_port()
    with servers.gunicorn("membership.app:create_app()", port, environ):
        people = [Person(number, port) for number in range(1, PEOPLE + 1)]
        for person in people:
            person.open_page()
        quiet, stormy, took = [], [], 0.0
        for _ in range(ROUNDS):
            quiet.append(_reading(port, cookies))
            began = time.monotonic()
            stormy.append(_beside(people, lambda: _reading(port, cookies)))
            took += time.monotonic() - began
    calm = statistics.median(each.p99 for each in quiet)
    rough = statistics.median(each.p99 for each in stormy)
    return [
        Figure("readers, nobody signing in: 99 of 100 pages within", calm, "ms"),
        Figure(f"readers, {PEOPLE} sign-ins at once: 99 of 100 pages within", rough, "ms"),
        Figure("- the one / the other", rough / calm, at_most=2),
        Figure(
            "- sign-ins / those two cores could do",
            sum(person.done for person in people) / took / possible,
            at_least=0.7,
        ),
        Figure("- refused", sum(person.refused for person in people), at_most=0),
    ]


def _give_passwords(environ: dict[str, str]) -> None:
    with create_app(environ).app_context():
        hashed = hash_password(PASSWORD)
    with sqlite3.connect(environ["DATABASE_URL"].removeprefix("sqlite:///")) as rows:
        rows.execute("UPDATE users SET password_hash = ?", (hashed,))
    rows.close()


def _hashes_a_second() -> float:
    """By two threads with nothing else to do."""
    salt, until = bcrypt.gensalt(12), time.monotonic() + 4

    def hash_on(_: int) -> int:
        done = 0
        while time.monotonic() < until:
            bcrypt.hashpw(b"a password", salt)
            done += 1
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(CORES) as threads:
        done = sum(threads.map(hash_on, range(CORES)))
    return done / (time.monotonic() - began)


def _reading(port: int, cookies: list[str]) -> Measured:
    """Readers who turn the page, think, and turn the next one."""
    times: list[float] = []
    wrong: list[int] = []
    until = time.monotonic() + SECONDS

    def read_on(cookie: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < until:
            began = time.perf_counter()
            answer, _ = _ask(connection, "GET", "/premium", {"Cookie": cookie})
            times.append(time.perf_counter() - began)
            if answer.status != http.HTTPStatus.OK:
                wrong.append(answer.status)
            time.sleep(THINKING)
        connection.close()

    with ThreadPoolExecutor(READERS) as threads:
        list(threads.map(read_on, cookies))
    return measured(times, len(wrong), took=SECONDS)


def _beside(people: list[Person], act: Callable[[], Measured]) -> Measured:
    over = threading.Event()
    with ThreadPoolExecutor(PEOPLE) as threads:
        signing_in = [threads.submit(person.signs_in_until, over) for person in people]
        found = act()
        over.set()
    for one in signing_in:
        one.result()
    return found


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: dict[str, str],
    body: str | None = None,
) -> tuple[http.client.HTTPResponse, str]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()
