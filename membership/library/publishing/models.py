"""Rows of what was sent to the list: one post to one audience, once."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Model
from membership.due import Due


class Audience(StrEnum):
    """PAID: the group of those who pay. FREE: who never paid, and whose time is over."""

    PAID = "paid"
    FREE = "free"


class State(StrEnum):
    """How far an edition has come. MADE: a draft at MailerLite; SCHEDULED: it leaves by itself.
    EMPTY: nobody was in its groups; REFUSED: MailerLite said no. Neither has sent anything."""

    ASKED = "asked for"
    MADE = "made"
    SCHEDULED = "scheduled"
    SENT = "sent"
    EMPTY = "empty"
    REFUSED = "refused"


OPEN_AGAIN = (State.EMPTY, State.REFUSED)


class Edition(Due, Model):
    """A post on its way to an audience. Due until it is sent, or cannot be.

    `whole`: the text in it was all of the post, not its teaser; None before a campaign was written.
    `recipients` is how many MailerLite says it went to; `reason` why it was refused.
    """

    __tablename__ = "editions"
    __table_args__ = (UniqueConstraint("slug", "audience"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    audience: Mapped[Audience]
    state: Mapped[State] = mapped_column(default=State.ASKED)
    campaign_id: Mapped[str | None]
    whole: Mapped[bool | None]
    recipients: Mapped[int | None]
    reason: Mapped[str | None]
    asked_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """Of its campaign: by this it is found again."""
        return f"post:{self.slug}:{self.audience}"
