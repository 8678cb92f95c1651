"""From a row to what is wanted of its reader, and from what became of that back to the row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import due, journal
from membership.newsletter import consents
from membership.newsletter.codes import challenges
from membership.newsletter.consents import Place
from membership.newsletter.mailing_list.carrying import Talk
from membership.newsletter.mailing_list.held import Held, Places
from membership.newsletter.mailing_list.news import News
from membership.newsletter.mailing_list.wanted import Known, Reader, Wish
from membership.newsletter.models import Challenge, Subscriber

CAME = (News.CAME_BACK, News.ADDED)


def talks_about(
    session: Session, rows: Sequence[Subscriber], places: Places, *, now: datetime
) -> list[Talk]:
    """One for each row, in their order."""
    lives = _codes_live_until(session, [row.email for row in rows], now)
    return [Talk(_reader(row, lives.get(row.email), now), _known(row), places) for row in rows]


def write(session: Session, row: Subscriber, talk: Talk, *, now: datetime) -> datetime | None:
    """What became of it; returns when it is due again.

    Who changed the row meanwhile has made it due anew: so it stays, and MailerLite is read first.
    """
    if talk.error:
        again_at: datetime | None = due.put_off(session, row, error=str(talk.error), now=now)
        ours = True
    else:
        again_at = _again_at(row, talk)
        ours = due.finish(session, row, again_at=again_at)
    if session.get(Subscriber, row.id, with_for_update=True, populate_existing=True) is None:
        return None  # they said goodbye meanwhile
    ticked = row.resubscribe_at
    for news in talk.news:
        if ticked is None or ticked == talk.began.resubscribe_at:
            _hear(session, row, news, now)
    if talk.known.read:
        _keep(row, talk, now)
    row.reread = row.reread if talk.error else not ours
    return again_at


def _reader(row: Subscriber, code_lives_until: datetime | None, now: datetime) -> Reader:
    code_given = row.code_group_joined_at is not None
    may_be_there = row.reread or code_given
    return Reader(
        email=row.email,
        wish=_wish(row, now, code_lives=code_lives_until is not None),
        standing=row.standing,
        plan=row.plan,
        renews_on=row.renews_on,
        resubscribe_at=row.resubscribe_at if row.wants_letters else None,
        opted_in_at=row.confirmed_at,
        status=row.status,
        known_as=row.mailerlite_id or row.moved_from or (row.email if may_be_there else None),
        code_lives_until=code_lives_until,
        code_given=code_given,
        unproven_since=None if row.confirmed_at else row.created_at,
    )


def _wish(row: Subscriber, now: datetime, *, code_lives: bool) -> Wish:
    if row.wants_letters:
        return Wish.LETTERS
    if row.stopped_at:
        return Wish.STOPPED
    joined = row.code_group_joined_at
    may_prove = row.confirmed_at is None and joined and now < joined + consents.UNPROVEN_FOR
    return Wish.WAITING if code_lives or may_prove else Wish.ABSENT


def _known(row: Subscriber) -> Known:
    """What was read, unless something has changed there since, or they move, or may have to be
    taken off: whoever does is looked at before."""
    as_read = row.confirmed_at and not (row.reread or row.moved_from or row.code_group_joined_at)
    if as_read and row.mailerlite_id and row.status and row.held:
        held = Held.kept(row.mailerlite_id, row.email, row.status, row.held)
        return Known(read=True, held=held)
    return Known()


def _codes_live_until(
    session: Session, emails: Iterable[str], now: datetime
) -> Mapping[str, datetime]:
    """When the last code for joining ends that was sent to each, and can be used yet."""
    alive = select(Challenge.email, func.max(Challenge.expires_at)).where(
        Challenge.email.in_(list(emails)),
        Challenge.purpose == challenges.JOIN,
        Challenge.decoy.is_(False),
        Challenge.spent_at.is_(None),
        Challenge.expires_at > now,
    )
    return {row[0]: row[1] for row in session.execute(alive.group_by(Challenge.email))}


def _again_at(row: Subscriber, talk: Talk) -> datetime | None:
    """When a code that is left in peace may be taken away."""
    held, lives_until = talk.known.held, talk.reader.code_lives_until
    if talk.reader.wish is Wish.WAITING and row.confirmed_at is None and row.code_group_joined_at:
        return max(row.code_group_joined_at + consents.UNPROVEN_FOR, lives_until or row.created_at)
    if talk.reader.wish is Wish.WAITING or (held and held.has_code):
        return lives_until
    return None


def _hear(session: Session, row: Subscriber, news: News, now: datetime) -> None:
    row.letters, row.resubscribe_at = news in CAME, None
    if row.letters:
        row.confirmed_at, row.stopped_at = row.confirmed_at or now, None
        consents.came_back(session, row.email, now=now)
        journal.record(session, "newsletter.came_back", email=row.email, where=news.value)
    else:
        row.stopped_at = row.stopped_at or now
        consents.withdrew(session, row.email, Place.MAILERLITE, now=now)
        journal.record(session, "newsletter.stopped", email=row.email, where=news.value)


def _keep(row: Subscriber, talk: Talk, now: datetime) -> None:
    held = talk.known.held
    row.mailerlite_id = held.id if held else None
    row.held = held.to_keep() if held else None
    row.read_at = now
    if held:
        row.status = held.status
    elif talk.taken_off or row.status is None:
        row.status = None
    else:
        row.status = "deleted"
    row.moved_from = held.email if held and held.email != row.email else None
    if held is None or not (held.has_code or talk.places.code_group in held.groups):
        row.code_group_joined_at = None
    if held and held.status == "active" and row.resubscribe_at == talk.began.resubscribe_at:
        row.resubscribe_at = None
        row.stopped_at = None if row.letters else row.stopped_at
