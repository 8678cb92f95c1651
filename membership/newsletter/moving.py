"""A reader's address becomes another, and the letters follow; whoever unsubscribed stays so."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.newsletter import consents, subscribers
from membership.newsletter.models import Standing, Subscriber


def move(session: Session, was: str, became: str, *, now: datetime) -> None:
    """The account at `was` is at `became` from now on; MailerLite is to know."""
    left = subscribers.find(session, was)
    if left is None:
        return
    session.refresh(left, with_for_update=True)  # the list may be told of it at this moment
    consents.moved(session, was, became, now=now)
    there = subscribers.find(session, became)
    if there is None:
        left.moved_from = left.moved_from or was
        left.email, left.due_at = became, now
    else:
        _merge(left, there, now)
    session.flush()


def _merge(left: Subscriber, there: Subscriber, now: datetime) -> None:
    """There was a reader at the new address already, with a standing on the list of their own."""
    there.letters = there.letters or left.wants_letters
    subscribers.come_back(there, now=now)
    there.has_account = True
    there.standing, there.plan, there.renews_on = left.standing, left.plan, left.renews_on
    left.letters = left.has_account = False
    left.standing, left.plan, left.renews_on, left.due_at = Standing.FREE, None, None, now
