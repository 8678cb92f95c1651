"""One letter to one mail server. The only module that speaks SMTP, through Flask-Mail, which gets
here what it lacks: a timeout, verified TLS, and headers that nobody can break out of.

What a server says to a letter is sorted: some answers are about it for good, the rest about today.
"""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from functools import cache
from types import TracebackType

import flask_mail
from flask import Flask, current_app

from membership import config
from membership.db import end_reading

TIMEOUT = 10.0  # seconds, for connecting and for each answer
# A header longer than this would be cut; a shorter fold breaks addresses in the middle.
_WHOLE_LINES = SMTP.clone(max_line_length=990)
_ENHANCED = re.compile(r"\b5\.(\d{1,3})\.(\d{1,3})\b")
_NO_SUCH_RECIPIENT = (550, 551, 552, 553)  # of a server that says no more than that
_BUSY = 421  # with anybody
_ADDRESS, _MAILBOX = "1", "2"  # second figure of RFC 3463: what the answer is about
_ABOUT_THE_SENDER = ("7", "8")  # 5.1.7 and 5.1.8 are about the sender's address


class Refusal(StrEnum):
    """What a server refused for good: this recipient, or this letter, whoever may get it."""

    RECIPIENT = "recipient"
    LETTER = "letter"


class Refused(Exception):
    """The mail server will never take this letter; trying again cannot help."""

    def __init__(self, what: Refusal, words: str) -> None:
        self.what = what
        super().__init__(words)


class PutOff(Exception):
    """The server may take it later: it said so of this recipient or letter, and not of us."""

    def __init__(self, what: Refusal, words: str) -> None:
        self.what = what
        super().__init__(words)


class ServerRefused(Exception):
    """The mail server cannot be reached, or does not let us in; `str()` says why."""


@dataclass(frozen=True)
class Letter:
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str


def init_app(app: Flask) -> None:
    flask_mail.Mail(app)


def hand_over(letter: Letter) -> None:
    """Give it to the mail server, with no transaction open meanwhile.

    Raises Refused, PutOff, or whatever else went wrong for now.
    """
    end_reading()
    try:
        message = _message(letter)
        with _Connection(current_app.extensions["mail"]) as connection:
            connection.send(message)
    except flask_mail.BadHeaderError as error:
        raise Refused(Refusal.RECIPIENT, "the address has a line break in it") from error
    except UnicodeError as error:
        raise Refused(
            Refusal.RECIPIENT, "the address has letters that mail cannot go to"
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _refused_recipient(code, answer.decode(errors="replace")) from error
    except smtplib.SMTPDataError as error:
        raise _refused_letter(error) from error


def try_server() -> None:
    """Connect, encrypt and sign in as for a letter, and leave. Raises ServerRefused."""
    end_reading()
    try:
        with _Connection(current_app.extensions["mail"]) as connection:
            if connection.host:
                connection.host.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        raise ServerRefused(f"{type(error).__name__}: {error}") from error


def no_such_recipient(code: int, answer: str) -> bool:
    """Whether this answer to RCPT says that the recipient does not exist, or takes no mail.

    Others are about us (our sender, our address, our server's name): mended, the mail can go.
    """
    about = _ENHANCED.search(answer)
    if about is None:
        return code in _NO_SUCH_RECIPIENT
    subject, detail = about.groups()
    if subject == _ADDRESS:
        return code >= 500 and detail not in _ABOUT_THE_SENDER
    return code >= 500 and subject == _MAILBOX


def _refused_recipient(code: int, answer: str) -> Exception:
    words = f"{code} {answer}"
    if no_such_recipient(code, answer):
        return Refused(Refusal.RECIPIENT, words)
    if code >= 500 or code == _BUSY:
        return ServerRefused(words)
    return PutOff(Refusal.RECIPIENT, words)


def _refused_letter(error: smtplib.SMTPDataError) -> Exception:
    said = error.smtp_error
    answer = said.decode(errors="replace") if isinstance(said, bytes) else said
    words = f"{error.smtp_code} {answer}"
    outcome = Refused if error.smtp_code >= 500 else PutOff
    return outcome(Refusal.LETTER, words)


def _message(letter: Letter) -> "_Message":
    message = _Message(
        subject=" ".join(letter.subject.split()),
        recipients=[_in_ascii(letter.recipient)],
        reply_to=config.current().contact_email,
        body=letter.text,
        html=letter.html,
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    message.msgId = letter.message_id
    return message


def _in_ascii(address: str) -> str:
    """As SMTP carries it. Raises UnicodeError where it cannot."""
    local, at, domain = address.rpartition("@")
    local.encode("ascii")
    return local + at + domain.encode("idna").decode()


class _Message(flask_mail.Message):
    """Flask-Mail's message, written by the standard library's newer half: it refuses line breaks
    in every header, writes any name as mail programs read it, and cuts no address in two."""

    def as_bytes(self) -> bytes:
        """Raises BadHeaderError."""
        written = EmailMessage(policy=SMTP)
        headers = {
            "Subject": self.subject,
            "From": self.sender,
            "To": ", ".join(map(str, self.recipients)),
            "Date": formatdate(self.date),
            "Message-ID": self.msgId,
            "Reply-To": self.reply_to,
            **(self.extra_headers or {}),
        }
        try:
            for name, value in headers.items():
                if value:
                    written[name] = value
        except ValueError as error:
            raise flask_mail.BadHeaderError from error
        written.set_content(self.body, cte="quoted-printable")
        written.add_alternative(self.html, subtype="html", cte="quoted-printable")
        return written.as_bytes(policy=_WHOLE_LINES)


@cache
def _trusted() -> ssl.SSLContext:
    """Who may say that a server is who it says. Read once: reading takes longer than a mail."""
    return ssl.create_default_context()


class _Connection(flask_mail.Connection):
    """Flask-Mail's connection, with a timeout and a certificate that is looked at."""

    def configure_host(self) -> smtplib.SMTP:
        mail = self.mail
        if mail.use_ssl:
            host: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.server, mail.port, timeout=TIMEOUT, context=_trusted()
            )
        else:
            host = smtplib.SMTP(mail.server, mail.port, timeout=TIMEOUT)
        try:
            if mail.use_tls:
                host.starttls(context=_trusted())
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except (OSError, smtplib.SMTPException):
            host.close()
            raise
        return host

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if self.host:
                self.host.quit()
        except (smtplib.SMTPException, OSError):
            pass  # the message was accepted or refused already; a rude goodbye changes nothing
