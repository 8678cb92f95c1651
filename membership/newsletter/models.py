"""Rows of the newsletter: who asked for it, which codes live, what was sent."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, false, not_, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Model
from membership.due import Due


class Standing(StrEnum):
    """Which of the owner's groups a proven reader belongs in."""

    FREE = "free"
    PAID = "paid"
    LAPSED = "lapsed"


DELETED = text("status = 'deleted'")


class Subscriber(Due, Model):
    """An address that asked for the newsletter. Due while MailerLite should hold something else.

    What is wanted. `letters` says that its owner asked for the newsletter, and not only for the
    way into an account; `stopped_at` when they said no, here or there; `resubscribe_at` when they
    ticked the box again after that: the one thing that takes them back on the list.
    `has_account` is written by accounts, above; `standing`, `plan` and `renews_on` by billing.
    `left_at` says when they asked to be forgotten, there and then here.

    What MailerLite has, as last read at `read_at`. `status` is its word (active, unsubscribed,
    unconfirmed, bounced, junk), or "deleted" for who was on the list and is no more, None before
    it has told us one; `held` the rest (see mailing_list/held.py). `moved_from` is the address
    it has, while that is another one. `reread`: something changed there since. `seen_in` is the
    last comparison of whole lists that found them there.
    """

    __tablename__ = "subscribers"
    __table_args__ = (
        Index(
            "ix_subscribers_deleted", "stopped_at", sqlite_where=DELETED, postgresql_where=DELETED
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    letters: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[datetime | None]
    resubscribe_at: Mapped[datetime | None]
    has_account: Mapped[bool] = mapped_column(default=False)
    standing: Mapped[Standing] = mapped_column(default=Standing.FREE)
    plan: Mapped[str | None]
    renews_on: Mapped[date | None]
    mailerlite_id: Mapped[str | None] = mapped_column(index=True)
    status: Mapped[str | None]
    held: Mapped[dict[str, Any] | None]
    read_at: Mapped[datetime | None]
    reread: Mapped[bool] = mapped_column(default=False, server_default=false())
    seen_in: Mapped[int | None]
    code_group_joined_at: Mapped[datetime | None]
    moved_from: Mapped[str | None]
    left_at: Mapped[datetime | None]

    @hybrid_property
    def wants_letters(self) -> bool:
        """Whether letters should come: asked for, and nobody said no since."""
        return self.confirmed_at is not None and self.letters and not self.refused

    @wants_letters.inplace.expression
    @classmethod
    def _want_letters(cls) -> ColumnElement[bool]:
        return and_(cls.confirmed_at.is_not(None), cls.letters, not_(cls.refused))

    @hybrid_property
    def refused(self) -> bool:
        """Whether its owner said no, and has not ticked the box since."""
        return self.stopped_at is not None and (
            self.resubscribe_at is None or self.resubscribe_at < self.stopped_at
        )

    @refused.inplace.expression
    @classmethod
    def _refused(cls) -> ColumnElement[bool]:
        ticked = and_(cls.resubscribe_at.is_not(None), cls.resubscribe_at >= cls.stopped_at)
        return and_(cls.stopped_at.is_not(None), not_(ticked))

    @property
    def returned(self) -> bool:
        """Whether MailerLite sends nothing to this address, whatever its owner ticks: mail to it
        came back, or was called junk."""
        return self.status in ("bounced", "junk") and self.moved_from is None


class Challenge(Model):
    """A code that lives: bound to an address and a purpose, five tries, spent once.

    A decoy stands for an address nobody sent a code to, so that guessing there looks the same.
    """

    __tablename__ = "challenges"
    __table_args__ = (
        Index(None, "email", "purpose"),
        Index(
            "ix_challenges_decoys",
            "expires_at",
            sqlite_where=text("decoy = 1"),
            postgresql_where=text("decoy"),
        ),
    )
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
    """How far a send has come. HANDED_OVER: MailerLite has taken it; SENT: it says that its mail
    left, or our mail server took ours. NOT_NEEDED: the code was used, or over, before."""

    QUEUED = "queued"
    HANDED_OVER = "handed over"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    NOT_NEEDED = "not needed"


class CodeSend(Due, Model):
    """One attempt to get a code to a person: by which channel, how it went, and why.

    A send by SMTP points to its mail in the outbox, which knows how that went. `automatic`: of our
    own accord, since another way had failed. `for_newsletter`: asked for on the form, so that it
    may go by way of the list. `used_at` is set on the send that the code came by, as far as anybody
    can tell: the last one. `asker` is a keyed digest of the network it was asked from, kept for
    weeks (see figures.py). Due while there is something to look after.
    """

    __tablename__ = "code_sends"
    __table_args__ = (
        Index(None, "channel", "created_at", "state", "used_at"),
        Index(None, "channel", "state", "created_at", "used_at"),
        Index(
            "ix_code_sends_askers",
            "created_at",
            sqlite_where=text("asker IS NOT NULL"),
            postgresql_where=text("asker IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), index=True)
    email: Mapped[str] = mapped_column(index=True)
    channel: Mapped[str]
    state: Mapped[SendState] = mapped_column(default=SendState.QUEUED)
    reason: Mapped[str]
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), index=True)
    automatic: Mapped[bool] = mapped_column(default=False)
    for_newsletter: Mapped[bool] = mapped_column(default=False, server_default=false())
    asker: Mapped[str | None]
    created_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
