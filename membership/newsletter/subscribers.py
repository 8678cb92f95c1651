"""An address's row: found, made, and told what it should be."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

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
    subscriber = find(session, email)
    return subscriber is not None and subscriber.letters


def set_standing(session: Session, email: str, standing: Standing, *, now: datetime) -> None:
    """Which group this reader belongs in, told by billing; MailerLite follows."""
    subscriber = find(session, email)
    if subscriber and subscriber.standing != standing:
        subscriber.standing, subscriber.due_at = standing, now
