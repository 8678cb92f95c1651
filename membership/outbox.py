"""Mail to send: rows first, SMTP later. The only module that speaks SMTP, through Flask-Mail.

A row holds a kind and ids; the text is rendered when it is sent, so that no code or token is
stored. Flask-Mail gets here what it lacks: a timeout, verified TLS, and no line breaks in headers.
"""

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import make_msgid
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import flask_mail
from flask import Flask, current_app, render_template
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, config, due, jobs
from membership.db import Model, changed, end_reading, transaction

log = logging.getLogger(__name__)
TIMEOUT = 10.0  # seconds, for connecting and for each answer
# Other refusals (a greeting, our sender, our machine) are about us: mended, the mail can go.
NO_SUCH_RECIPIENT = (550, 551, 552, 553)


@dataclass(frozen=True)
class Mail:
    """A rendered message."""

    subject: str
    text: str
    html: str


class Refused(Exception):
    """The mail server will never take this message; trying again cannot help."""


class ServerRefused(Exception):
    """The mail server cannot be reached, or does not let us in; `str()` says why."""


class OutboxMessage(due.Due, Model):
    """One mail to one person. Due until `sent_at` or `refused_at` is set, or it is no longer true.

    `fact` is what it tells, of which nobody is to be told twice; None for what may be said again.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str] = mapped_column(index=True)
    params: Mapped[dict[str, Any]]
    fact: Mapped[str | None] = mapped_column(unique=True)
    message_id: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]


# Returns None when the message is no longer worth sending.
Renderer = Callable[[OutboxMessage], Mail | None]


def init_app(app: Flask) -> None:
    flask_mail.Mail(app)
    app.extensions["outbox"] = {}
    app.extensions["outbox without rows"] = set()


def register(app: Flask, kind: str, renderer: Renderer, *, leaves_no_row: bool = False) -> None:
    """`leaves_no_row`: nobody is to know that such a mail was sent, once it is."""
    app.extensions["outbox"][kind] = renderer
    if leaves_no_row:
        app.extensions["outbox without rows"].add(kind)


def draw(subject: str, *, text: str, html: str, **context: object) -> Mail:
    """For renderers: a mail from its two templates."""
    return Mail(subject, render_template(text, **context), render_template(html, **context))


def send_later(session: Session, kind: str, recipient: str, **params: Any) -> OutboxMessage:
    """Queue a mail, in the transaction of what it tells about. Nudge "outbox" after the commit."""
    message = _message(kind, recipient, params)
    session.add(message)
    session.flush()
    return message


def tell_once(session: Session, fact: str, kind: str, recipient: str, **params: Any) -> bool:
    """The same for a fact, unless it was told before: False then, and nothing is queued."""
    message = _message(kind, recipient, params)
    message.fact = fact
    return _first(session, message)


def count_as_told(session: Session, fact: str, kind: str, recipient: str) -> None:
    """A fact that this person knows by another way: from now on nobody is told."""
    message = _message(kind, recipient, {})
    message.fact, message.due_at = fact, None
    _first(session, message)


def forget(session: Session, emails: Iterable[str]) -> None:
    """Nothing that was sent, or is to be sent, to these addresses is known any more."""
    changed(session, delete(OutboxMessage).where(OutboxMessage.recipient.in_(list(emails))))


def take_back(session: Session, ids: Iterable[int]) -> None:
    """There never were these."""
    changed(session, delete(OutboxMessage).where(OutboxMessage.id.in_(list(ids))))


def drain() -> None:
    """Send every message that is due."""
    jobs.work(OutboxMessage, _send, kind="outbox")


def try_server() -> None:
    """Connect, encrypt and sign in as for a mail, and leave. Raises ServerRefused."""
    end_reading()
    try:
        with _Connection(current_app.extensions["mail"]) as connection:
            if connection.host:
                connection.host.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        raise ServerRefused(f"{type(error).__name__}: {error}") from error


def _message(kind: str, recipient: str, params: dict[str, Any]) -> OutboxMessage:
    now = clock.now()
    return OutboxMessage(
        kind=kind,
        recipient=recipient,
        params=params,
        message_id=make_msgid(domain=urlsplit(config.current().site_url).hostname),
        created_at=now,
        due_at=now,
    )


def _first(session: Session, message: OutboxMessage) -> bool:
    """Add it, unless the database has one about the same fact."""
    try:
        with session.begin_nested():
            session.add(message)
    except IntegrityError:
        return False
    return True


def _send(message: OutboxMessage) -> None:
    mail = _render(message)
    try:
        if mail:
            _hand_over(message, mail)
    except Refused as refusal:
        log.warning("mail %s was refused: %s", message.message_id, refusal)
        _settle(message, refused_at=clock.now(), last_error=str(refusal))
    else:
        _settle(message, sent_at=clock.now() if mail else None)


def _settle(message: OutboxMessage, **outcome: object) -> None:
    """Never due again, whoever else may have taken the message over meanwhile."""
    values = {"due_at": None, "last_error": None, **outcome}
    with transaction() as session:
        if message.kind in current_app.extensions["outbox without rows"]:
            take_back(session, [message.id])
            return
        changed(
            session,
            update(OutboxMessage).where(OutboxMessage.id == message.id).values(values),
        )


def _render(message: OutboxMessage) -> Mail | None:
    renderers: dict[str, Renderer] = current_app.extensions["outbox"]
    return renderers[message.kind](message)


def _hand_over(message: OutboxMessage, mail: Mail) -> None:
    """Give it to the mail server. Raises Refused, or whatever went wrong for now."""
    letter = flask_mail.Message(
        subject=" ".join(mail.subject.split()),
        recipients=[message.recipient],
        reply_to=config.current().contact_email,
        body=mail.text,
        html=mail.html,
        extra_headers={"Auto-Submitted": "auto-generated"},
    )
    letter.msgId = message.message_id
    end_reading()  # the letter is complete: no transaction waits for a mail server
    try:
        with _Connection(current_app.extensions["mail"]) as connection:
            connection.send(letter)
    except flask_mail.BadHeaderError as error:
        raise Refused("the address or subject has a line break") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        if code in NO_SUCH_RECIPIENT:
            raise Refused(f"{code} {answer.decode(errors='replace')}") from error
        raise
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= 500:
            raise Refused(str(error)) from error
        raise


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
