"""Sessions that are long over are forgotten: what is left of them is a device, and where it was."""

from datetime import timedelta

from sqlalchemy import delete, select

from membership import clock
from membership.accounts.models import SignIn
from membership.db import changed, db, transaction

KEPT = timedelta(days=30)  # after the day that the session would have ended at the latest
AT_ONCE = 500  # rows of one transaction: nobody waits long for it


def drain() -> None:
    while _forget_some():
        pass


def _forget_some() -> bool:
    """Of the oldest rows only, so that a sweep with nothing to do reads no more than those."""
    oldest = select(SignIn.id, SignIn.expires_at).order_by(SignIn.id).limit(AT_ONCE).subquery()
    old = select(oldest.c.id).where(oldest.c.expires_at <= clock.now() - KEPT)
    ids = db.session.scalars(old).all()
    if not ids:
        return False
    with transaction() as session:
        changed(session, delete(SignIn).where(SignIn.id.in_(ids)))
    return True
