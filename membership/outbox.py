"""Mail to send: rows first, SMTP later.

A row holds a kind and ids; the text is rendered when it is sent, so that no code or token is
stored. A letter that the mail server refuses for good is not tried again; whatever is only about
today is, later and later.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import make_msgid
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, render_template
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, config, due, jobs, smtp
from membership.db import Model, changed, transaction
from membership.smtp import Letter, PutOff, Refusal, Refused

log = logging.getLogger(__name__)
PATIENCE = timedelta(days=5)  # with a server that says "later" of a recipient, as mail servers have


@dataclass(frozen=True)
class Mail:
    """A rendered message."""

    subject: str
    text: str
    html: str


class State(StrEnum):
    """What became of a mail. WITHDRAWN: it was no longer true when its turn came."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OutboxMessage(due.Due, Model):
    """One mail to one person. Due until `sent_at` or `refused_at` is set, or it is no longer true.

    `refusal` says what was refused for good, and `last_error` in whose words; while it waits,
    `last_error` says what went wrong last. `fact` is what it tells, of which nobody is to be told
    twice; None for what may be said again.
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
    refusal: Mapped[Refusal | None]

    @property
    def state(self) -> State:
        if self.sent_at:
            return State.SENT
        if self.refused_at:
            return State.REFUSED
        return State.WITHDRAWN if self.due_at is None else State.WAITING

    @property
    def bounced(self) -> bool:
        """Whether its recipient does not exist, or takes no mail."""
        return self.refusal is Refusal.RECIPIENT


# Returns None when the message is no longer worth sending.
Renderer = Callable[[OutboxMessage], Mail | None]
# Told after each try how it went, with what was wrong; it may not hear of one, when a process dies.
Follower = Callable[[int, State, str | None], None]


def init_app(app: Flask) -> None:
    smtp.init_app(app)
    app.extensions["outbox"] = {}
    app.extensions["outbox without rows"] = set()
    app.extensions["outbox followers"] = {}


def register(app: Flask, kind: str, renderer: Renderer, *, leaves_no_row: bool = False) -> None:
    """`leaves_no_row`: nobody is to know that such a mail was sent, once it is."""
    app.extensions["outbox"][kind] = renderer
    if leaves_no_row:
        app.extensions["outbox without rows"].add(kind)


def follow(app: Flask, kinds: Iterable[str], follower: Follower) -> None:
    """Tell this one of every mail of these kinds: its id, how far it is, what was wrong."""
    app.extensions["outbox followers"].update(dict.fromkeys(kinds, follower))


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
        _settle(message, refused_at=clock.now(), refusal=refusal.what, last_error=str(refusal))
        _tell(message, State.REFUSED, str(refusal))
    except Exception as error:
        _tell(message, State.WAITING, str(error) or type(error).__name__)
        raise
    else:
        _settle(message, sent_at=clock.now() if mail else None)
        _tell(message, State.SENT if mail else State.WITHDRAWN, None)


def _tell(message: OutboxMessage, state: State, error: str | None) -> None:
    follower: Follower | None = current_app.extensions["outbox followers"].get(message.kind)
    if follower:
        follower(message.id, state, error)


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
    """Raises Refused, also when "later" has been the answer for too long, or what is wrong now."""
    letter = Letter(message.recipient, mail.subject, mail.text, mail.html, message.message_id)
    tried_for = clock.now() - message.created_at
    try:
        smtp.hand_over(letter)
    except PutOff as error:
        if tried_for < PATIENCE:
            raise
        words = f"put off for {tried_for.days} days, the last time with: {error}"
        raise Refused(error.what, words) from error
