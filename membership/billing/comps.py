"""What the owner gives for nothing: from now, for so many days or for good.

Only the owner takes it back; nothing that Stripe says touches it.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import journal
from membership.accounts.models import User
from membership.billing import grants
from membership.billing.entitlements import Source
from membership.billing.models import Grant


def give(
    session: Session,
    user: User,
    feature: str,
    *,
    days: int | None,
    because: str | None,
    now: datetime,
) -> Grant:
    """Open a feature for so many days, or for good; in place of what was given before."""
    grant = _given(session, user, feature) or Grant(
        user_id=user.id, feature=feature, source=Source.COMP, source_ref=_ref(user)
    )
    grant.starts_at, grant.ends_at = now, now + timedelta(days=days) if days else None
    grant.revoked_at = grant.noticed_at = None
    grant.reason = "given"
    session.add(grant)
    _record(session, "comp.given", grant, because)
    grants.tell_newsletter(session, user.id, now=now)
    return grant


def end(session: Session, user: User, feature: str, *, because: str | None, now: datetime) -> None:
    """Take back what was given. Raises LookupError when nothing is."""
    grant = _given(session, user, feature)
    if grant is None or grant.revoked_at or (grant.ends_at and grant.ends_at <= now):
        raise LookupError(f"{user.email} has not been given {feature}")
    grant.revoked_at = now
    _record(session, "comp.ended", grant, because)
    grants.tell_newsletter(session, user.id, now=now)


def _given(session: Session, user: User, feature: str) -> Grant | None:
    return session.scalars(
        select(Grant)
        .where(Grant.source == Source.COMP, Grant.source_ref == _ref(user))
        .where(Grant.feature == feature)
        .with_for_update()
    ).first()


def _ref(user: User) -> str:
    return f"member-{user.id}"


def _record(session: Session, kind: str, grant: Grant, because: str | None) -> None:
    session.flush()
    journal.record(
        session,
        kind,
        user_id=grant.user_id,
        feature=grant.feature,
        ends_at=grant.ends_at.isoformat() if grant.ends_at else None,
        because=because,
    )
