"""Nobody is told a fact twice."""

import json
from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.outbox import OutboxMessage


def told_twice(session: Session) -> list[str]:
    """What was mailed more than once of what may be told only once, in words; empty is well.

    By what a mail says, and not by the name of its fact, which the database keeps apart.
    """
    facts = select(OutboxMessage).where(OutboxMessage.fact.is_not(None))
    said = Counter(
        (mail.kind, mail.recipient, json.dumps(mail.params, sort_keys=True))
        for mail in session.scalars(facts)
        if mail.params
    )
    return [f"{kind} to {who}: {what}" for (kind, who, what), times in said.items() if times > 1]
