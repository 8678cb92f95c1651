"""Access that ends: doors shut by themselves, but the newsletter has to be told, and the member."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership import clock, jobs, journal
from membership.accounts.models import User
from membership.billing import grants
from membership.billing.models import Grant
from membership.billing.telling import closings
from membership.db import db, transaction

AT_ONCE = 100


def drain() -> None:
    """Notice every grant that has ended, or was revoked, since the last look."""
    while _notice_some():
        pass


def _notice_some() -> bool:
    now = clock.billing_now()
    ids = db.session.scalars(_ended(now)).all() or db.session.scalars(_revoked(now)).all()
    if not ids:
        return False
    with transaction() as session:
        _lock_members(session, ids)
        unnoticed = select(Grant).where(Grant.id.in_(ids), Grant.noticed_at.is_(None))
        over = session.scalars(unnoticed.with_for_update(skip_locked=True)).all()
        _notice(session, over, now)
    jobs.nudge("subscribers")
    jobs.nudge("outbox")
    return bool(over)


def _lock_members(session: Session, ids: Sequence[int]) -> None:
    """Before their grants, for which we wait on nobody: so whoever has a grant, and waits for its
    member, does not wait for us."""
    whose = User.id.in_(select(Grant.user_id).where(Grant.id.in_(ids)))
    session.scalars(
        select(User).where(whose).order_by(User.id).with_for_update(key_share=True)
    ).all()


def _ended(now: datetime) -> Select[int]:
    unnoticed = Grant.noticed_at.is_(None), Grant.ends_at <= now, Grant.revoked_at.is_(None)
    return select(Grant.id).where(*unnoticed).order_by(Grant.ends_at).limit(AT_ONCE)


def _revoked(now: datetime) -> Select[int]:
    unnoticed = Grant.noticed_at.is_(None), Grant.revoked_at <= now
    return select(Grant.id).where(*unnoticed).order_by(Grant.revoked_at).limit(AT_ONCE)


def _notice(session: Session, over: Sequence[Grant], now: datetime) -> None:
    for grant in over:
        grant.noticed_at = now
        if grant.revoked_at is None:  # else it was told when it was revoked
            journal.record(
                session,
                "grant.ended",
                user_id=grant.user_id,
                feature=grant.feature,
                source_ref=grant.source_ref,
            )
            session.flush()
            grants.tell_newsletter(session, grant.user_id, now=now)
    closings.tell(session, over, now=now)
