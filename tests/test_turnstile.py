"""Those who write to one SQLite file take turns; nobody is kept out by somebody quicker."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from membership.accounts.models import User
from membership.db import db, transaction
from membership.turnstile import turn
from tests.support.browser import Browser
from tests.support.clock import MovableClock

HOLDS_FOR_EVER = """
import sys
from membership.turnstile import turn
with turn(sys.argv[1]):
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "site.db")


def somebody_is_next(database: str) -> bool:
    with open(f"{database}-gate") as gate:
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def wait_until_somebody_is_next(database: str) -> None:
    until = time.monotonic() + 30
    while not somebody_is_next(database):
        assert time.monotonic() < until, "nobody has come"


def is_free(database: str) -> bool:
    """Whether a newcomer is let in; waits a good while before it says no."""

    def come_and_go() -> None:
        with turn(database):
            pass

    newcomer = threading.Thread(target=come_and_go, daemon=True)
    newcomer.start()
    newcomer.join(timeout=10)
    return not newcomer.is_alive()


def test_who_writes_again_at_once_comes_after_who_was_waiting(database: str) -> None:
    wrote = []

    def ada_waits() -> None:
        with turn(database):
            wrote.append("Ada")

    with turn(database):
        ada = threading.Thread(target=ada_waits)
        ada.start()
        wait_until_somebody_is_next(database)
    with turn(database):
        wrote.append("a worker in a hurry")
    ada.join()
    assert wrote == ["Ada", "a worker in a hurry"]


def test_one_at_a_time(database: str) -> None:
    inside, most = [], []

    def write() -> None:
        for number in range(50):
            with turn(database):
                inside.append(number)
                most.append(len(inside))
                inside.pop()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (len(most), max(most)) == (200, 1)


def test_a_process_that_is_killed_puts_the_pen_down(database: str) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLDS_FOR_EVER, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        writer.kill()
    assert is_free(database)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_made_while_writing_does_not_keep_the_pen(database: str) -> None:
    stays, goes = os.pipe()
    with turn(database):
        child = os.fork()
        if child == 0:
            os.close(goes)
            os.read(stays, 1)  # until the test is over
            os._exit(0)
    try:
        assert is_free(database)
    finally:
        os.close(goes)
        os.close(stays)
        os.waitpid(child, 0)


@contextmanager
def stopped_while_writing(database: str) -> Iterator[None]:
    """A process that has the pen since a minute ago and neither goes on nor ends."""
    writer = subprocess.Popen(
        [sys.executable, "-c", HOLDS_FOR_EVER, database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        os.kill(writer.pid, signal.SIGSTOP)
        with open(f"{database}-pen", "r+b") as pen:
            pen.write(struct.pack("d", time.monotonic() - 60))
        try:
            yield
        finally:
            writer.kill()


def test_nobody_waits_for_ever_for_one_who_was_stopped_while_writing(
    app: Flask, visitor: Browser
) -> None:
    with app.app_context():
        database = db.engine.url.database or ""
    with stopped_while_writing(database):
        refused = visitor.submit("/", action="/subscribe", email="ada@example.com")
        assert refused.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert refused.headers["Retry-After"]
        assert "try it again in a minute" in refused.text
        assert visitor.get("/posts").status_code == HTTPStatus.OK  # reading waits for nobody
    again = visitor.submit("/", action="/subscribe", email="ada@example.com")
    assert again.status_code == HTTPStatus.SEE_OTHER


def test_who_is_next_reads_of_who_is_writing_now(database: str) -> None:
    """Not of one who wrote long before, or nobody would wait."""
    pen = Path(f"{database}-pen")
    began = time.monotonic()
    pen.write_bytes(struct.pack("d", began - 60))
    with turn(database):
        assert not somebody_is_next(database)
        assert struct.unpack("d", pen.read_bytes()) > (began,)


def test_what_root_makes_the_site_can_open_as_well(database: str) -> None:
    """As SQLite's own files beside a database."""
    Path(database).touch()
    os.chmod(database, 0o660)
    if os.geteuid() == 0:
        os.chown(database, 10001, 10002)
    with turn(database):
        pass
    for name in ("", "-gate", "-pen"):
        there = os.stat(f"{database}{name}")
        assert there.st_mode & 0o777 == 0o660, name
        assert (there.st_uid, there.st_gid) == (os.stat(database).st_uid, os.stat(database).st_gid)


def test_what_fails_puts_the_pen_down(database: str) -> None:
    with pytest.raises(ZeroDivisionError), turn(database):
        raise ZeroDivisionError
    assert is_free(database)


def test_a_transaction_waits_for_its_turn_and_reading_for_nobody(
    app: Flask, clock: MovableClock
) -> None:
    def ada_joins() -> None:
        with app.app_context(), transaction() as session:
            session.add(User(email="ada@example.com", created_at=clock()))

    with app.app_context():
        database = db.engine.url.database or ""
        with turn(database):
            joining = threading.Thread(target=ada_joins)
            joining.start()
            wait_until_somebody_is_next(database)
            assert db.session.scalars(select(User)).all() == []
        joining.join()
        db.session.rollback()
        assert db.session.scalars(select(User.email)).all() == ["ada@example.com"]
