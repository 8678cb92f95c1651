"""What comparing our rows with Stripe's lists has found, kept for the owner to read.

A run goes through its steps a piece at a time, and every piece is committed with the place to go
on from: whoever takes the run over after a crash goes on from there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import clock, due
from membership.billing import tombstones
from membership.comparisons import Comparison
from membership.db import Model


class Step(StrEnum):
    """What a run does, in this order."""

    CATALOGUE = "catalogue"
    SUBSCRIPTIONS = "subscriptions"
    UNSEEN = "unseen"  # subscriptions of ours that Stripe's list has not
    CHECKOUTS = "checkouts"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    LEDGER = "ledger"  # our own grants against our own copies
    GUESTS = "guests"
    SETTLE = "settle"  # mend what closes nothing, and count what closes something
    CLOSE = "close"


class Kind(StrEnum):
    ENDED_BUT_OPEN = "ended-but-open"
    PAID_BUT_LOCKED = "paid-but-locked"
    UNMATCHED = "unmatched"
    OUT_OF_DATE = "out-of-date"  # nobody's access was wrong


class State(StrEnum):
    FOUND = "found"  # and not looked at yet
    SEEN = "seen"  # in a dry run: it stays as it is
    HELD = "held"  # mending it closes something; the brake decides, or has decided
    MENDED = "mended"
    ASKED = "asked"  # the owner has to look


class Reconciliation(Comparison, Model):
    """One comparison with Stripe. `live_grants` and `closing` are what the brake judged by."""

    __tablename__ = "reconciliations"
    id: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[Step] = mapped_column(default=Step.CATALOGUE)
    live_grants: Mapped[int] = mapped_column(default=0)
    closing: Mapped[int] = mapped_column(default=0)


class Finding(Model):
    """Something of `key` ("cus_…", "cs_…", the catalogue) is not here as it is at Stripe.

    `because` says what; `kind` what it meant, None until that is known; `opened` and `closed` count
    the grants that mending it opens and closes. `reason`: why the owner has to look.
    """

    __tablename__ = "reconcile_findings"
    __table_args__ = (UniqueConstraint("run_id", "key"), Index(None, "run_id", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("reconciliations.id", ondelete="CASCADE"))
    key: Mapped[str]
    because: Mapped[str]
    kind: Mapped[Kind | None]
    state: Mapped[State] = mapped_column(default=State.FOUND)
    opened: Mapped[int] = mapped_column(default=0)
    closed: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None]
    reason: Mapped[str | None]


@dataclass(frozen=True)
class Difference:
    """Something that is not here as it is at Stripe; `because` says what, for the owner."""

    key: str
    because: str


def keep(session: Session, run: Reconciliation, differences: Iterable[Difference]) -> None:
    """Each key once a run, with the first thing that was found about it."""
    by_key: dict[str, Difference] = {}
    for one in differences:
        by_key.setdefault(one.key, one)
    here = select(Finding.key).where(Finding.run_id == run.id, Finding.key.in_(by_key))
    # Who has left stays as they were when they went.
    known = set(session.scalars(here)) | tombstones.among(session, by_key)
    session.add_all(
        Finding(run_id=run.id, key=one.key, because=one.because)
        for one in by_key.values()
        if one.key not in known
    )


def next_in(session: Session, run: Reconciliation, state: State) -> Finding | None:
    """The oldest one of this run in this state."""
    waiting = select(Finding).where(Finding.run_id == run.id, Finding.state == state)
    return session.scalars(waiting.order_by(Finding.id).limit(1)).first()


def latest(session: Session) -> Reconciliation | None:
    """The comparison that ended last."""
    ended = select(Reconciliation).where(Reconciliation.ended_at.is_not(None))
    return session.scalars(ended.order_by(Reconciliation.ended_at.desc()).limit(1)).first()


def last_mended(session: Session) -> datetime | None:
    """When the last comparison began that went to its end and left nothing as it was."""
    whole = select(Reconciliation.began_at).where(
        Reconciliation.ended_at.is_not(None),
        Reconciliation.error.is_(None),
        Reconciliation.dry_run.is_(False),
        Reconciliation.braked.is_(False),
    )
    return session.scalars(whole.order_by(Reconciliation.ended_at.desc()).limit(1)).first()


def go_on(session: Session, run: Reconciliation, cursor: str | None) -> None:
    """From here next time: from the cursor, or without one with the next step."""
    run.cursor = cursor
    if cursor is None:
        steps = list(Step)
        run.step = steps[steps.index(run.step) + 1]
    due.give_back(session, run, again_at=clock.now())


def finish(session: Session, run: Reconciliation, *, error: str | None = None) -> None:
    """This was the end of it; `error` is why it has no answer."""
    run.ended_at, run.error = clock.billing_now(), error
    due.give_back(session, run)
