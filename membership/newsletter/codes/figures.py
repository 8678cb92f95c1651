"""How codes fare, for the owner: by channel, read off indexes however many were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import config
from membership.newsletter.codes import shares
from membership.newsletter.codes.channels import Channel
from membership.newsletter.codes.shares import Share
from membership.newsletter.models import Challenge, CodeSend, SendState

LATELY, WEEKS = timedelta(days=1), timedelta(days=28)
MOST_LATELY, MOST_BEFORE = 500, 2000  # sends that are looked at, the newest
MOST_TIMED = 1000
FAILED = (SendState.FAILED, SendState.BOUNCED)
WENT = (SendState.QUEUED, SendState.HANDED_OVER, SendState.SENT)


@dataclass(frozen=True)
class Tally:
    """Of the codes that went by one channel since some time.

    `used` came by this channel as far as anybody can tell, and then failed ones count as used.
    `open` can still be used; `unused` is the rest. `typical` is the median time from being asked
    for to being used, None when none was.
    """

    channel: Channel
    sent: int
    used: int
    failed: int
    open: int
    unused: int
    typical: timedelta | None


@dataclass(frozen=True)
class Failure:
    at: datetime
    email: str
    channel: Channel
    state: SendState
    why: str


@dataclass(frozen=True)
class Fall:
    """By this channel codes are hardly used any more."""

    channel: Channel
    lately: Share
    before: Share


def tallies(session: Session, *, since: datetime, now: datetime) -> list[Tally]:
    return [_tally(session, channel, since, now) for channel in Channel]


def failures(session: Session, *, since: datetime, most: int) -> list[Failure]:
    """The newest sends that failed or bounced."""
    found = [
        Failure(
            send.created_at,
            send.email,
            Channel(send.channel),
            send.state,
            send.why or "no reason is known",
        )
        for channel in Channel
        for state in FAILED
        for send in session.scalars(
            select(CodeSend)
            .where(
                CodeSend.channel == channel,
                CodeSend.state == state,
                CodeSend.created_at > since,
            )
            .order_by(CodeSend.created_at.desc())
            .limit(most)
        )
    ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:most]


def falls(session: Session, *, now: datetime) -> list[Fall]:
    """The channels by which codes are used much less than in the weeks before."""
    settled = now - timedelta(minutes=config.current().code_lifetime)
    found = []
    for channel in Channel:
        lately = _share(session, channel, now - LATELY, settled, MOST_LATELY)
        if lately.people < shares.ENOUGH:
            continue
        before = _share(session, channel, now - WEEKS, now - LATELY, MOST_BEFORE)
        if shares.fallen(lately, before):
            found.append(Fall(channel, lately, before))
    return found


def _tally(session: Session, channel: Channel, since: datetime, now: datetime) -> Tally:
    over = now - timedelta(minutes=config.current().code_lifetime)
    sent = _count(session, channel, (*FAILED, *WENT), since)
    failed = _count(session, channel, FAILED, since, not_used=True)
    open_ = _count(session, channel, WENT, max(since, over), not_used=True)
    unused = _count(session, channel, WENT, since, not_used=True) - open_
    return Tally(
        channel=channel,
        sent=sent,
        used=sent - failed - open_ - unused,
        failed=failed,
        open=open_,
        unused=unused,
        typical=_typical(session, channel, since),
    )


def _count(
    session: Session,
    channel: Channel,
    states: Sequence[SendState],
    since: datetime,
    *,
    not_used: bool = False,
) -> int:
    """Off an index, row by row of it: to group a million is ten times slower."""
    counted = select(func.count()).where(
        CodeSend.channel == channel, CodeSend.state.in_(states), CodeSend.created_at > since
    )
    return session.scalar(counted.where(CodeSend.used_at.is_(None)) if not_used else counted) or 0


def _typical(session: Session, channel: Channel, since: datetime) -> timedelta | None:
    """Of the newest that were used."""
    used = (
        select(CodeSend.used_at, Challenge.created_at)
        .join(Challenge, Challenge.id == CodeSend.challenge_id)
        .where(
            CodeSend.channel == channel,
            CodeSend.created_at > since,
            CodeSend.used_at.is_not(None),
        )
        .order_by(CodeSend.created_at.desc())
        .limit(MOST_TIMED)
    )
    took = [(at - asked).total_seconds() for at, asked in session.execute(used).all() if at]
    return timedelta(seconds=median(took)) if took else None


def _share(
    session: Session, channel: Channel, after: datetime, until: datetime, most: int
) -> Share:
    """Of the newest sends in that time, by who asked for them."""
    newest: Sequence[tuple[str, datetime | None]] = [
        (asker, used_at)
        for asker, used_at in session.execute(
            select(func.coalesce(CodeSend.asker, CodeSend.email), CodeSend.used_at)
            .where(
                CodeSend.channel == channel,
                CodeSend.created_at > after,
                CodeSend.created_at <= until,
                CodeSend.state != SendState.NOT_NEEDED,
            )
            .order_by(CodeSend.created_at.desc())
            .limit(most)
        ).all()
    ]
    people = {asker for asker, _ in newest}
    return Share(len({asker for asker, used_at in newest if used_at}), len(people))
