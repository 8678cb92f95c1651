"""Who wants letters: asked of one reader, or of the database about all of them."""

from datetime import datetime, timedelta
from itertools import product

from flask import Flask
from sqlalchemy import select

from membership.db import db, transaction
from membership.newsletter.models import Subscriber
from tests.support.clock import MovableClock
from tests.support.databases import on_each_database

DAY = timedelta(days=1)


def everybody(now: datetime) -> list[Subscriber]:
    """Whatever can be true of a reader, once each."""
    all_kinds = product((True, False), (None, now), (None, now), (None, now - DAY, now, now + DAY))
    return [
        Subscriber(
            email=f"reader{number}@example.com",
            created_at=now,
            letters=letters,
            confirmed_at=confirmed_at,
            stopped_at=stopped_at,
            resubscribe_at=resubscribe_at,
        )
        for number, (letters, confirmed_at, stopped_at, resubscribe_at) in enumerate(all_kinds)
    ]


@on_each_database
def test_the_database_says_of_everybody_what_their_row_says(
    app: Flask, clock: MovableClock
) -> None:
    readers = everybody(clock())
    with app.app_context():
        with transaction() as rows:
            rows.add_all(readers)
        for asked in ("wants_letters", "refused"):
            found = set(db.session.scalars(select(Subscriber).where(getattr(Subscriber, asked))))
            by_row = {reader for reader in readers if getattr(reader, asked)}
            assert found == by_row
            assert 0 < len(found) < len(readers)
