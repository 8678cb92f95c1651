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
from membership.billing.telling import standing, told

NO_LONGER_PART = "no longer part of the product"


def end_of(grant: Grant) -> datetime:
    """Of one that has ended or was revoked: when it stopped opening anything."""
    return min(moment for moment in (grant.ends_at, grant.revoked_at) if moment)


def tell(session: Session, over: Sequence[Grant], *, now: datetime) -> None:
    """These grants have just been seen to be over.

    Said once for what ended together, and only of what is shut now: not when another grant keeps
    it open, nor when a plan was changed, nor when it is long ago.
    """
    news_of = [
        ((grant.user_id, grant.source_ref, end_of(grant)), grant)
        for grant in over
        if grant.reason != NO_LONGER_PART and news.is_fresh(end_of(grant), now)
    ]
    news_of.sort(key=itemgetter(0))
    for (user_id, source_ref, at), group in groupby(news_of, key=itemgetter(0)):
        ended = [grant for _, grant in group]
        still_open = standing.open_features(session, user_id, now=now)
        if {grant.feature for grant in ended} - still_open:
            outbox.tell_once(
                session,
                told.ended(source_ref, at),
                told.ACCESS_ENDED,
                session.get_one(User, user_id).email,
                grants=[grant.id for grant in ended],
                user_id=user_id,
            )
