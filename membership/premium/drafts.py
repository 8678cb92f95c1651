"""A text that a member wants measured, and the work of measuring it."""

import re

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from membership import due, jobs
from membership.db import Model, transaction


class Draft(due.Due, Model):
    """The newest of the member with this id. Measured once it has `minutes`."""

    __tablename__ = "drafts"
    id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str]
    minutes: Mapped[int | None]
    longest: Mapped[str | None]


def drain() -> None:
    jobs.work(Draft, _measure, kind="drafts")


def _measure(draft: Draft) -> None:
    words, sentences = draft.text.split(), re.split(r"(?<=[.!?…])\s+", draft.text.strip())
    with transaction() as session:
        draft.minutes = max(1, round(len(words) / 130))  # a minute's, without hurry
        draft.longest = max(sentences, key=lambda sentence: len(sentence.split()))
        due.give_back(session, draft)
