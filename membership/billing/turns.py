"""One checkout of a member at a time: two tabs, or two presses, come one after the other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from membership import clock
from membership.billing.models import CheckoutTurn
from membership.db import changed, transaction
from membership.waits import TooSoon

LEASE = timedelta(seconds=60)  # whoever dies in the middle holds the others up no longer
PATIENCE = 5.0  # seconds
_LOOK_AGAIN = 0.1
PREPARING = "Your payment page is being prepared in another window."


@contextmanager
def turn_of(user_id: int, *, busy: str = PREPARING) -> Iterator[None]:
    """Raises TooSoon, with `busy` as its words, when another one of this member takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not (until := _take(user_id)):
        if time.monotonic() > deadline:
            raise TooSoon(5, busy)
        time.sleep(_LOOK_AGAIN)
    try:
        yield
    finally:
        with transaction() as session:
            mine = CheckoutTurn.user_id == user_id, CheckoutTurn.until == until
            changed(session, delete(CheckoutTurn).where(*mine))


def _take(user_id: int) -> datetime | None:
    """Until when the turn is ours; None while it is another's."""
    now = clock.now()
    until = now + LEASE
    try:
        with transaction() as session:
            over = CheckoutTurn.user_id == user_id, CheckoutTurn.until <= now
            if not changed(session, update(CheckoutTurn).where(*over).values(until=until)):
                session.add(CheckoutTurn(user_id=user_id, until=until))
    except IntegrityError:
        return None
    return until
