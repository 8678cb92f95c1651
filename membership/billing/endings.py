"""Access that ends by the clock: doors shut by themselves, but the newsletter has to be told."""

from sqlalchemy import select

from membership import clock, jobs, journal
from membership.billing import grants
from membership.billing.models import Grant
from membership.db import db, transaction

AT_ONCE = 100


def drain() -> None:
    """Notice every grant that has ended since the last look."""
    while _notice_some():
        pass


def _notice_some() -> bool:
    now = clock.billing_now()
    over = (
        select(Grant.id)
        .where(Grant.ends_at <= now, Grant.noticed_at.is_(None), Grant.revoked_at.is_(None))
        .order_by(Grant.ends_at)
        .limit(AT_ONCE)
    )
    ids = db.session.scalars(over).all()
    if not ids:
        return False
    with transaction() as session:
        for grant in session.scalars(select(Grant).where(Grant.id.in_(ids))):
            grant.noticed_at = now
            journal.record(
                session,
                "grant.ended",
                user_id=grant.user_id,
                feature=grant.feature,
                source_ref=grant.source_ref,
            )
            session.flush()
            grants.tell_newsletter(session, grant.user_id, now=now)
    jobs.nudge("subscribers")
    return True
