"""Compare MailerLite's whole list with our rows, and have whatever differs read and mended.

A page costs one call for a hundred readers. Nothing is concluded from a page alone: who differs is
marked, and read again by itself by the ordinary sync. What would end somebody's letters, above all
that they are not in the list, waits until all of it was read; and when it is too much to be true,
nobody's end, and the owner is asked.
"""

import logging
from collections.abc import Sequence

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from membership import clock, comparisons, config, due, jobs
from membership.db import changed, db, transaction
from membership.newsletter import mailerlite
from membership.newsletter.mailerlite import NotUnderstood, Rejected
from membership.newsletter.mailing_list import findings, known_list, readers, sync
from membership.newsletter.mailing_list.comparing import Difference, difference
from membership.newsletter.mailing_list.findings import ListFinding, ListSweep
from membership.newsletter.mailing_list.held import Held, Places
from membership.newsletter.models import Subscriber

log = logging.getLogger(__name__)
KIND = "list sweep"
HOUR = 4  # of the night, UTC
AT_ONCE = 500  # rows that a statement names
LONGEST = 1_000_000  # subscribers: whoever shows us more goes round in a circle
NOT_THERE = Difference("not on the list any more", stops=True)
NEVER_THERE = Difference("not put on the list yet", stops=False)


def drain() -> None:
    """Every night, and whatever an earlier one has left unfinished."""
    if config.current().mailerlite_api_key is None:
        return
    jobs.work(ListSweep, advance, ListSweep.ended_at.is_(None), kind=KIND)
    comparisons.plan(ListSweep, hour=HOUR)


def begin(*, dry_run: bool, force: bool) -> int:
    """A comparison by command: one that was cut short, or a new one; its number."""
    return comparisons.begin(ListSweep, dry_run=dry_run, force=force)


def work_on(run_id: int) -> ListSweep:
    """Go on with this one as far as it goes: `ended_at` says whether it went to the end."""
    jobs.work(ListSweep, advance, ListSweep.id == run_id, kind=KIND)
    return db.session.get_one(ListSweep, run_id, populate_existing=True)


def advance(run: ListSweep) -> None:
    """The next page, or the end. Raises Unavailable with the run where it was."""
    try:
        if run.read_whole:
            _conclude(run)
        else:
            _read_page(run)
    except due.Away:
        raise
    except (Rejected, NotUnderstood) as error:  # half a list is no answer
        log.error("the comparison with MailerLite's list could not be finished: %s", error)
        with transaction() as session:
            findings.finish(session, run, error=str(error))


def _read_page(run: ListSweep) -> None:
    began = clock.now()
    places = known_list.places()
    page = mailerlite.client().subscribers(cursor=run.cursor)
    if page.next_cursor and (page.next_cursor == run.cursor or run.looked_at > LONGEST):
        raise NotUnderstood("the list has no end")
    helds = [Held.of(listed, places) for listed in page.items]
    with transaction() as session:
        if run.began_at is None:
            run.began_at = began
            findings.forget_old(session, began)
        rows = _rows_of(session, helds)
        _note(session, run, _differing(session, rows, helds, places))
        _mark_seen(session, run, rows)
        run.looked_at += len(helds)
        run.cursor, run.read_whole = page.next_cursor, page.next_cursor is None
        due.give_back(session, run, again_at=clock.now())
    if not run.dry_run:
        jobs.nudge(sync.KIND)


def _rows_of(session: Session, helds: Sequence[Held]) -> Sequence[Subscriber]:
    known = or_(
        Subscriber.mailerlite_id.in_([held.id for held in helds]),
        Subscriber.email.in_([held.email for held in helds]),
    )
    return session.scalars(select(Subscriber).where(known, Subscriber.left_at.is_(None))).all()


def _differing(
    session: Session, rows: Sequence[Subscriber], helds: Sequence[Held], places: Places
) -> list[tuple[int, Difference]]:
    by_id, by_email = {h.id: h for h in helds}, {h.email: h for h in helds}
    talks = readers.talks_about(session, rows, places, now=clock.now())
    found = []
    for row, talk in zip(rows, talks, strict=True):
        held = by_id.get(row.mailerlite_id or "") or by_email.get(row.email)
        if held and (differs := difference(talk.reader, held, places)):
            found.append((row.id, differs))
    return found


def _note(session: Session, run: ListSweep, found: Sequence[tuple[int, Difference]]) -> None:
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        findings.keep(
            session,
            run,
            [
                ListFinding(
                    run_id=run.id, subscriber_id=id_, because=what.because, stops=what.stops
                )
                for id_, what in some
            ],
        )
    if not run.dry_run:
        _have_read(session, [id_ for id_, what in found if not what.stops])


def _mark_seen(session: Session, run: ListSweep, rows: Sequence[Subscriber]) -> None:
    # Another comparison, begun later, may be at it at the same time.
    newer = case((Subscriber.seen_in > run.id, Subscriber.seen_in), else_=run.id)
    theirs = update(Subscriber).where(Subscriber.id.in_([row.id for row in rows]))
    changed(session, theirs.values(seen_in=newer))


def _have_read(session: Session, ids: Sequence[int]) -> None:
    """The sync reads them by themselves, and does what is to be done."""
    now = clock.now()
    due_at = case((Subscriber.due_at.is_(None), now), else_=Subscriber.due_at)
    for start in range(0, len(ids), AT_ONCE):
        some = update(Subscriber).where(Subscriber.id.in_(ids[start : start + AT_ONCE]))
        changed(session, some.values(reread=True, due_at=due_at))


def _conclude(run: ListSweep) -> None:
    """All of it was read: who was not in it, and may those letters end that seem to?"""
    with transaction() as session:
        _note(session, run, [(id_, NOT_THERE) for id_ in _unseen(session, run)])
        _note(session, run, [(id_, NEVER_THERE) for id_ in _forgotten(session)])
        stopping = findings.stopping(session, run)
        run.stopping, run.readers = len(stopping), findings.how_many_readers(session)
        run.braked = comparisons.too_many(run.stopping, run.readers) and not run.force
        if not (run.braked or run.dry_run):
            _have_read(session, stopping)
        findings.finish(session, run)
    if run.braked:
        log.error(
            "the comparison with MailerLite's list would end the letters of %s of %s readers, "
            "and ended none; see: flask newsletter sync --dry-run",
            run.stopping,
            run.readers,
        )
    jobs.nudge(sync.KIND)


def _unseen(session: Session, run: ListSweep) -> Sequence[int]:
    """Who was there, and is not in the list; but for those read since it was begun."""
    return session.scalars(
        select(Subscriber.id).where(
            Subscriber.mailerlite_id.is_not(None),
            or_(Subscriber.seen_in.is_(None), Subscriber.seen_in < run.id),
            or_(Subscriber.read_at.is_(None), Subscriber.read_at < run.began_at),
            Subscriber.left_at.is_(None),
        )
    ).all()


def _forgotten(session: Session) -> Sequence[int]:
    """Who wants letters, was never put on the list, and is not about to be."""
    return session.scalars(
        select(Subscriber.id).where(
            Subscriber.mailerlite_id.is_(None),
            Subscriber.status.is_(None),
            Subscriber.due_at.is_(None),
            Subscriber.left_at.is_(None),
            Subscriber.wants_letters,
        )
    ).all()
