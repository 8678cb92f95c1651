"""A letter as it leaves: what stands in it, and what a server's answers mean. Over real SMTP."""

from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from flask import Flask
from flask_mail import BadHeaderError

from membership import smtp
from membership.smtp import Letter, PutOff, Refusal, Refused, ServerRefused
from tests.support.ports import free_ports

ADA = "ada@example.com"
LONG = "a" * 60 + "." + "b" * 60 + "@" + "c" * 60 + ".example.com"


class Server:
    """Says what it is told to, and keeps what it took."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.to_recipient = self.to_letter = "250 OK"
        self.taken: list[tuple[list[str | None], bytes]] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: object, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if self.to_letter.startswith("250"):
            self.taken.append(([envelope.mail_from, *envelope.rcpt_tos], envelope.content))
        return self.to_letter

    def raw(self) -> bytes:
        return self.taken[-1][1]

    def read(self) -> EmailMessage:
        return message_from_bytes(self.raw(), EmailMessage, policy=default)


@pytest.fixture
def server() -> Iterator[Server]:
    handler = Server(free_ports(1)[0])
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def sends(make_app: Callable[..., Flask], server: Server) -> Callable[..., None]:
    def send(letter: Letter, **settings: str) -> None:
        with make_app(MAIL_PORT=str(server.port), **settings).app_context():
            smtp.hand_over(letter)

    return send


def letter(to: str = ADA, subject: str = "Hello", text: str = "Hello") -> Letter:
    return Letter(to, subject, text, "<p>Hello</p>", "<1@letters.example>")


def test_a_letter_as_it_leaves(sends: Callable[..., None], server: Server) -> None:
    sends(letter(text="Café, and a line of its own\nhttps://letters.example/" + "x" * 90))
    read = server.read()
    assert read["Message-ID"] == "<1@letters.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    text = read.get_body(("plain",))
    assert text
    assert "Café" in text.get_content()
    assert "https://letters.example/" + "x" * 90 in text.get_content()
    assert max(len(line) for line in server.raw().split(b"\r\n")) < 100


def test_names_in_any_language_are_read_as_they_are(
    sends: Callable[..., None], server: Server
) -> None:
    name = "Türen, Schlüssel & “Café”"
    sends(letter(subject=f"482 913 is your {name} code"), SITE_NAME=name)
    read = server.read()
    assert read["Subject"] == f"482 913 is your {name} code"
    assert read["From"].addresses[0].display_name == name
    assert server.taken[-1][0][0] == read["From"].addresses[0].addr_spec
    assert server.raw().isascii()


def test_what_is_long_is_not_cut_in_two(sends: Callable[..., None], server: Server) -> None:
    """A header that is longer than a line, as that of unsubscribing in one click would be."""
    sends(letter(to=LONG, subject="One word " * 30), CONTACT_EMAIL=LONG)
    assert b"\r\nReply-To: " + LONG.encode() + b"\r\n" in server.raw()
    assert b"\r\nTo: " + LONG.encode() + b"\r\n" in server.raw()
    assert server.read()["Subject"] == ("One word " * 30).strip()


def test_an_address_in_another_script_goes_as_far_as_mail_goes(
    sends: Callable[..., None], server: Server
) -> None:
    sends(letter(to="ada@türen.example"))
    assert server.taken[-1][0][1] == "ada@xn--tren-0ra.example"
    with pytest.raises(Refused) as refused:
        sends(letter(to="äda@example.com"))
    assert refused.value.what is Refusal.RECIPIENT


def test_nobody_writes_a_header_of_their_own(sends: Callable[..., None], server: Server) -> None:
    with pytest.raises(Refused):
        sends(letter(to=f"{ADA}\r\nBcc: eve@example.com"))
    assert server.taken == []
    sends(letter(subject="Hello\r\nBcc: eve@example.com"))
    assert server.read()["Subject"] == "Hello Bcc: eve@example.com"
    assert server.read()["Bcc"] is None
    assert server.taken[-1][0][1:] == [ADA]


def test_every_header_is_looked_at_and_not_only_those_that_flask_mail_looks_at(
    app: Flask,
) -> None:
    with app.app_context():
        message = smtp._message(letter())
        message.extra_headers = {"X-Campaign": "spring\r\nBcc: eve@example.com"}
        with pytest.raises(BadHeaderError):
            message.as_bytes()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("550 no such user", Refused),
        ("550 5.1.1 no such user", Refused),
        ("552 5.2.2 mailbox is full", Refused),
        ("554 5.2.1 mailbox is closed", Refused),
        ("550 5.7.1 your server is on a list", ServerRefused),
        ("553 5.1.8 no such sender", ServerRefused),
        ("530 5.7.0 sign in first", ServerRefused),
        ("554 go away", ServerRefused),
        ("421 too busy", ServerRefused),
        ("450 4.2.0 come back later", PutOff),
        ("452 4.2.2 mailbox is full today", PutOff),
    ],
)
def test_what_the_answer_to_a_recipient_means(
    sends: Callable[..., None], server: Server, said: str, outcome: type[Exception]
) -> None:
    """Refused: about them, for good. PutOff: about them, today. ServerRefused: about us."""
    server.to_recipient = said
    with pytest.raises(outcome) as raised:
        sends(letter())
    assert said.split(maxsplit=1)[1] in str(raised.value)
    if isinstance(raised.value, Refused):
        assert raised.value.what is Refusal.RECIPIENT


@pytest.mark.parametrize(
    ("said", "outcome"), [("554 5.7.1 looks like spam", Refused), ("451 try later", PutOff)]
)
def test_what_the_answer_to_a_letter_means(
    sends: Callable[..., None], server: Server, said: str, outcome: type[Exception]
) -> None:
    server.to_letter = said
    with pytest.raises(outcome) as raised:
        sends(letter())
    assert isinstance(raised.value, Refused | PutOff)
    assert raised.value.what is Refusal.LETTER
