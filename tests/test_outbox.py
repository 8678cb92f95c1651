"""Mail: rows first, SMTP later, once each."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from flask import Flask
from sqlalchemy.pool import QueuePool

from membership import due, outbox
from membership.config import ROOT
from membership.db import db, transaction
from membership.outbox import Mail, OutboxMessage, State
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database
from tests.support.ports import free_ports
from tests.support.settings import settings

ADA = "ada@example.com"


class Server:
    """A mail server that says what it is told to say."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.taken: list[bytes] = []
        self.on_recipient: Callable[[], None] = lambda: None
        self.on_taken: Callable[[], None] = lambda: None

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        envelope.rcpt_tos.append(address)
        self.on_recipient()
        return self.answer

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        self.on_taken()
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    handler, port = Server(), free_ports(1)[0]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def app(make_app: Callable[..., Flask], server: tuple[Server, int]) -> Flask:
    made = make_app(MAIL_PORT=str(server[1]))
    outbox.register(made, "hello", lambda m: Mail("Hello, Ada", m.params["text"], "<p>Hello</p>"))
    outbox.register(made, "pointless", lambda _: None)
    return made


def queue(app: Flask, kind: str = "hello", to: str = ADA) -> None:
    with app.app_context(), transaction() as session:
        outbox.send_later(session, kind, to, text="Hello")


def row(app: Flask) -> OutboxMessage:
    with app.app_context():
        return db.session.query(OutboxMessage).one()


def drain(app: Flask) -> None:
    with app.app_context():
        outbox.drain()


@on_each_database
def test_a_mail_is_sent_once_in_text_and_html_and_says_it_is_automatic(
    app: Flask, server: tuple[Server, int], clock: MovableClock
) -> None:
    queue(app)
    drain(app)
    drain(app)
    (taken,) = server[0].taken
    assert b"Subject: Hello, Ada" in taken
    assert b"Auto-Submitted: auto-generated" in taken
    assert b"text/plain" in taken
    assert b"text/html" in taken
    assert row(app).sent_at == clock()


def test_an_answer_goes_to_the_owner_who_said_where(
    make_app: Callable[..., Flask], server: tuple[Server, int]
) -> None:
    for contact in ("", "letters@example.com"):
        made = make_app(MAIL_PORT=str(server[1]), CONTACT_EMAIL=contact)
        outbox.register(made, "hello", lambda _: Mail("Hello", "Hello", "<p>Hello</p>"))
        queue(made)
        drain(made)
    nowhere, owner = server[0].taken
    assert b"Reply-To" not in nowhere
    assert b"Reply-To: letters@example.com" in owner


@on_each_database
def test_no_connection_to_the_database_waits_for_the_mail_server(
    app: Flask, server: tuple[Server, int]
) -> None:
    with app.app_context():
        pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    outbox.register(
        app,
        "read",
        lambda _: Mail(db.session.query(OutboxMessage).one().kind, "drawn from rows", "<p>so</p>"),
    )
    in_use: list[int] = []
    server[0].on_recipient = lambda: in_use.append(pool.checkedout())
    queue(app, "read")
    drain(app)
    assert in_use == [0]


@pytest.mark.parametrize("answer", ["451 later", "421 too busy"])
def test_a_server_that_is_busy_is_asked_again_with_the_same_message_id(
    app: Flask, server: tuple[Server, int], clock: MovableClock, answer: str
) -> None:
    server[0].answer = answer
    queue(app)
    drain(app)
    waiting = row(app)
    assert waiting.due_at
    assert waiting.attempts == 1
    assert "SMTP" in (waiting.last_error or "")
    server[0].answer = "250 OK"
    drain(app)
    assert server[0].taken == []  # not yet
    clock.passes(timedelta(minutes=1))
    drain(app)
    assert waiting.message_id.encode() in server[0].taken[0]


def test_an_address_the_server_refuses_for_good_is_not_tried_again(
    app: Flask, server: tuple[Server, int], clock: MovableClock
) -> None:
    server[0].answer = "550 no such user"
    queue(app)
    drain(app)
    assert row(app).refused_at == clock()
    assert row(app).due_at is None
    assert row(app).state is State.REFUSED
    assert row(app).bounced
    assert "no such user" in (row(app).last_error or "")
    clock.passes(timedelta(days=30))
    server[0].answer = "250 OK"
    drain(app)
    assert server[0].taken == []


def test_a_server_that_is_set_against_us_is_asked_until_that_is_mended(
    app: Flask, server: tuple[Server, int], clock: MovableClock
) -> None:
    """However long it takes: nothing that people wait for is lost by a wrong setting."""
    server[0].answer = "550 5.7.1 your server is on a list"
    queue(app)
    for _ in range(8):
        drain(app)
        clock.passes(timedelta(days=1))
    assert row(app).state is State.WAITING
    assert "on a list" in (row(app).last_error or "")
    server[0].answer = "250 OK"
    drain(app)
    assert row(app).state is State.SENT


def test_an_address_that_is_put_off_for_days_is_given_up(
    app: Flask, server: tuple[Server, int], clock: MovableClock
) -> None:
    server[0].answer = "450 4.2.1 not now"
    queue(app)
    for _ in range(6):
        drain(app)
        assert row(app).state is State.WAITING
        clock.passes(timedelta(hours=23))
    drain(app)
    assert row(app).state is State.REFUSED
    assert row(app).bounced
    assert "put off for 5 days" in (row(app).last_error or "")
    assert "not now" in (row(app).last_error or "")


@pytest.mark.parametrize(
    "address", ["ada@example.com\r\nBcc: eve@example.com", "ada@example.com\nX: y"]
)
def test_a_line_break_in_an_address_reaches_nobody(
    app: Flask, server: tuple[Server, int], address: str
) -> None:
    queue(app, to=address)
    drain(app)
    assert server[0].taken == []
    assert row(app).refused_at


def test_what_is_no_longer_worth_sending_is_not_sent(
    app: Flask, server: tuple[Server, int]
) -> None:
    queue(app, "pointless")
    drain(app)
    assert server[0].taken == []
    assert row(app).state is State.WITHDRAWN
    assert row(app).sent_at is None


WORKER = """
import json, sys
from membership import outbox
from membership.commands import create_app
app = create_app(json.loads(sys.argv[1]))
outbox.register(app, "hello", lambda m: outbox.Mail("Hello", m.params["text"], "<p>Hello</p>"))
with app.app_context():
    outbox.drain()
"""


@on_each_database
def test_killed_when_the_server_has_said_yes_only_that_mail_comes_twice_with_the_same_id(
    app: Flask, server: tuple[Server, int], clock: MovableClock, database_url: str
) -> None:
    with app.app_context(), transaction() as session:
        outbox.tell_once(session, "the first", "hello", ADA, text="The first")
        outbox.tell_once(session, "the second", "hello", ADA, text="The second")
    environ = settings(DATABASE_URL=database_url, MAIL_PORT=str(server[1]))
    worker = subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(environ)], cwd=ROOT)
    server[0].on_taken = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(timeout=60) == -signal.SIGKILL
    server[0].on_taken = lambda: None
    clock.passes(due.LEASE + timedelta(minutes=1))
    drain(app)
    drain(app)
    texts = [content.split(b"The ")[1].split()[0] for content in server[0].taken]
    assert sorted(Counter(texts).values()) == [1, 2]
    assert texts.count(texts[0]) == 2  # though the other, due longer by then, may go before it
    ids = [content.split(b"Message-ID: ")[1].split()[0] for content in server[0].taken]
    assert len(set(ids)) == 2


@on_each_database
def test_a_fact_is_told_once_whoever_tells_it_and_nothing_else_of_theirs_is_lost(
    app: Flask, server: tuple[Server, int]
) -> None:
    with app.app_context():
        for _ in range(2):
            with transaction() as session:
                outbox.tell_once(session, "it happened", "hello", ADA, text="Hello")
                outbox.send_later(session, "hello", ADA, text="And this")
        with transaction() as session:
            outbox.count_as_told(session, "it is known", "hello", ADA)
            assert not outbox.tell_once(session, "it is known", "hello", ADA, text="Hello")
    drain(app)
    assert len(server[0].taken) == 3


def test_a_message_that_cannot_be_drawn_does_not_hold_up_the_others(
    app: Flask, server: tuple[Server, int]
) -> None:
    outbox.register(app, "broken", lambda m: Mail(m.params["nothing"], "", ""))
    queue(app, "broken")
    queue(app)
    drain(app)
    assert len(server[0].taken) == 1


@pytest.mark.long
def test_a_server_that_says_nothing_is_left_after_a_while(make_app: Callable[..., Flask]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes smtp.TIMEOUT, ten seconds
        app = make_app(MAIL_PORT=str(silent.getsockname()[1]))
        outbox.register(app, "hello", lambda _: Mail("Hello", "Hello", "Hello"))
        queue(app)
        drain(app)
    assert "imed out" in (row(app).last_error or "")


def test_a_certificate_nobody_vouches_for_is_not_trusted(make_app: Callable[..., Flask]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    handler, port = Server(), free_ports(1)[0]
    controller = Controller(handler, hostname="127.0.0.1", port=port, tls_context=context)
    controller.start()
    app = make_app(MAIL_PORT=str(port), MAIL_USE_TLS="true")
    outbox.register(app, "hello", lambda _: Mail("Hello", "Hello", "Hello"))
    queue(app)
    drain(app)
    controller.stop()
    assert "CERTIFICATE_VERIFY_FAILED" in (row(app).last_error or "")
    assert handler.taken == []
