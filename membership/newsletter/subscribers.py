"""An address's row: found, made, and told what it should be."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import config, journal
from membership.newsletter.models import Standing, Subscriber


def find(session: Session, email: str) -> Subscriber | None:
    return session.scalars(select(Subscriber).where(Subscriber.email == email)).first()


def of(session: Session, email: str, *, now: datetime) -> Subscriber:
    """The address's row, made when there is none."""
    found = find(session, email)
    if found:
        return found
    try:
        with session.begin_nested():
            subscriber = Subscriber(email=email, created_at=now)
            session.add(subscriber)
        return subscriber
    except IntegrityError:  # somebody pressed twice
        return session.scalars(select(Subscriber).where(Subscriber.email == email)).one()


def gets_letters(session: Session, email: str) -> bool:
    """Whether letters come: wanted here, and not held back there."""
    subscriber = find(session, email)
    return subscriber is not None and subscriber.wants_letters and not subscriber.returned


def returned(session: Session, email: str) -> bool:
    """Whether letters to this address were sent back or called junk, so that none goes there."""
    subscriber = find(session, email)
    return subscriber is not None and subscriber.returned


def said_no(session: Session, email: str) -> bool:
    """Whether its owner stopped the letters, here or there, and has not asked for them since."""
    subscriber = find(session, email)
    return subscriber is not None and subscriber.refused


def untold(session: Session, email: str) -> bool:
    """Whether MailerLite has not told us yet if they unsubscribed there before."""
    subscriber = find(session, email)
    there_is_a_list = config.current().mailerlite_api_key is not None
    return there_is_a_list and (subscriber is None or subscriber.status is None)


def come_back(subscriber: Subscriber, *, now: datetime) -> None:
    """Proven anew; if they had asked to be forgotten, before that was done. What MailerLite has of
    them by now is not known then, and that they are gone there says nothing."""
    if subscriber.left_at:
        subscriber.left_at = subscriber.status = subscriber.held = None
    subscriber.confirmed_at = subscriber.confirmed_at or now
    subscriber.due_at = now


def want_letters(session: Session, email: str, now: datetime) -> None:
    """Their owner, who has proven the address, ticked the box: letters, also after having
    unsubscribed here or there."""
    subscriber = _locked(session, email, now)
    if not subscriber.wants_letters or subscriber.status not in (None, "active"):
        subscriber.letters, subscriber.resubscribe_at = True, now
        come_back(subscriber, now=now)
        if subscriber.stopped_at:
            subscriber.stopped_at = None
            journal.record(session, "newsletter.came_back", email=email, where="here")
    session.flush()


def stop_letters(session: Session, email: str, now: datetime) -> None:
    """No more letters, said here; MailerLite is to know. They stay a reader of ours, or a member,
    and come back by ticking the box alone."""
    subscriber = _locked(session, email, now)
    subscriber.letters, subscriber.resubscribe_at = False, None
    subscriber.due_at = now
    if subscriber.stopped_at is None:
        subscriber.stopped_at = now
        journal.record(session, "newsletter.stopped", email=email, where="here")
    session.flush()


def give_code_there(session: Session, email: str, *, until: datetime, now: datetime) -> Subscriber:
    """A code is put on them at MailerLite: who has not proven the address `until` then is taken
    off."""
    subscriber = _locked(session, email, now)
    subscriber.code_group_joined_at = now
    if subscriber.confirmed_at is None and subscriber.left_at is None:
        subscriber.due_at = until
    return subscriber


def set_membership(
    session: Session,
    email: str,
    standing: Standing,
    *,
    plan: str | None,
    renews_on: date | None,
    now: datetime,
) -> None:
    """What billing knows of this reader: their group, what they have, and when it renews."""
    subscriber = find(session, email)
    if subscriber is None:
        return
    was = (subscriber.standing, subscriber.plan, subscriber.renews_on)
    if was != (standing, plan, renews_on):
        subscriber.standing, subscriber.plan, subscriber.renews_on = standing, plan, renews_on
        subscriber.due_at = now


def _locked(session: Session, email: str, now: datetime) -> Subscriber:
    subscriber = of(session, email, now=now)
    session.refresh(subscriber, with_for_update=True)  # the list may be told of it at this moment
    return subscriber
