"""Tell members that what they had has ended."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy.orm import Session

from membership import outbox
from membership.accounts.models import User
from membership.billing import news
from membership.billing.models import Grant
from membership.billing.telling import told

NO_LONGER_PART = "no longer part of the product"


def end_of(grant: Grant) -> datetime:
    """Of one that has ended or was revoked: when it stopped opening anything."""
    return min(moment for moment in (grant.ends_at, grant.revoked_at) if moment)


def tell(session: Session, over: Sequence[Grant], *, now: datetime) -> None:
    """These grants have just been seen to be over: said once for what ended together.

    Not when a plan was changed, nor when it is long ago. Whether something else keeps it open is
    asked when the letter is drawn.
    """
    ends = [
        ((grant.user_id, grant.source_ref, end_of(grant)), grant.id)
        for grant in over
        if grant.reason != NO_LONGER_PART and news.is_fresh(end_of(grant), now)
    ]
    for (user_id, source_ref, at), together in groupby(sorted(ends), key=itemgetter(0)):
        outbox.tell_once(
            session,
            told.ended(source_ref, at),
            told.ACCESS_ENDED,
            session.get_one(User, user_id).email,
            grants=[grant_id for _, grant_id in together],
            user_id=user_id,
        )
