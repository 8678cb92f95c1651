"""Rows of the newsletter: who asked for it, which codes live, what was sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Model
from membership.due import Due


class Standing(StrEnum):
    """Which of the owner's groups a proven reader belongs in."""

    FREE = "free"
    PAID = "paid"
    LAPSED = "lapsed"


class Subscriber(Due, Model):
    """An address that asked for the newsletter. Due while MailerLite should hold something else.

    `status` is MailerLite's word (active, unsubscribed, unconfirmed, bounced, junk), None before
    it has told us one. `letters` says that its owner asked for the newsletter, and not only for the
    way into an account. `has_account` is written by accounts, above. `moved_from` is the address
    MailerLite has, while that is another one; `left_at` says when they asked to be forgotten, there
    and then here.
    """

    __tablename__ = "subscribers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    letters: Mapped[bool] = mapped_column(default=False)
    has_account: Mapped[bool] = mapped_column(default=False)
    standing: Mapped[Standing] = mapped_column(default=Standing.FREE)
    listed_as: Mapped[Standing | None]
    mailerlite_id: Mapped[str | None] = mapped_column(index=True)
    status: Mapped[str | None]
    code_group_joined_at: Mapped[datetime | None]
    moved_from: Mapped[str | None]
    left_at: Mapped[datetime | None]


class Challenge(Model):
    """A code that lives: bound to an address and a purpose, five tries, spent once.

    A decoy stands for an address nobody sent a code to, so that guessing there looks the same.
    """

    __tablename__ = "challenges"
    __table_args__ = (Index(None, "email", "purpose"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    purpose: Mapped[str]
    nonce: Mapped[str]
    decoy: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
    spent_at: Mapped[datetime | None]


class SendState(StrEnum):
    QUEUED = "queued"
    HANDED_OVER = "handed over"
    FAILED = "failed"


class CodeSend(Due, Model):
    """One attempt to get a code to a person: by which channel, how it went, and why.

    A send by SMTP points to its mail in the outbox, which knows how that went.
    """

    __tablename__ = "code_sends"
    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    email: Mapped[str] = mapped_column(index=True)
    channel: Mapped[str]
    state: Mapped[SendState] = mapped_column(default=SendState.QUEUED)
    reason: Mapped[str]
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    automatic: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
