"""Mend one customer by the ordinary sync, and see what that opens and closes before it counts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.billing import catalogue, grants, sync, unclaimed
from membership.billing.entitlements import Source
from membership.billing.models import Checkout, Grant, Subscription
from membership.db import transaction


@dataclass(frozen=True)
class Effect:
    """What mending does: how many grants it opens and closes, and of whom, when that is one member.

    `unmatched` is why nobody is known to have paid, None when somebody is. `written`: it is done,
    and was not only looked at.
    """

    opened: int
    closed: int
    user_id: int | None
    unmatched: str | None
    written: bool


Note = Callable[[Session, Effect], None]


@dataclass(frozen=True)
class _Doors:
    """What is open by one payer: (to whom, which feature, by what). Of the catalogue, which opens
    everybody's, only how many are, by feature."""

    grants: frozenset[tuple[int, str, str]] = frozenset()
    how_many: Counter[str] = field(default_factory=Counter)


class _OnlyLooked(Exception):
    """Ends the transaction with everything as it was."""

    def __init__(self, effect: Effect) -> None:
        self.effect = effect
        super().__init__(effect)


def mend(key: str, note: Note, *, write: bool, may_close: bool) -> None:
    """Read what `key` names and write it; not unless `write`, and not when it closes something
    unless `may_close`: then nothing of it changes, and the effect is what it would have been.

    `note` is handed the effect in the transaction of what is written, or in one of its own. Raises
    StripeError with nothing changed.
    """
    reading = sync.begin(key)
    truth = sync.read(reading)
    try:
        with transaction() as session:
            before = _doors(session, key)
            sync.keep(session, reading, truth)
            session.flush()
            effect = _effect(session, key, before, _doors(session, key))
            if not write or (effect.closed and not may_close):
                raise _OnlyLooked(effect)
            note(session, effect)
    except _OnlyLooked as looked:
        with transaction() as session:
            note(session, replace(looked.effect, written=False))
        return
    jobs.nudge("outbox")
    jobs.nudge("subscribers")


def _effect(session: Session, key: str, before: _Doors, after: _Doors) -> Effect:
    waiting = unclaimed.find(session, key)
    whose = {user_id for user_id, _, _ in before.grants | after.grants}
    return Effect(
        opened=_more(after, before),
        closed=_more(before, after),
        user_id=whose.pop() if len(whose) == 1 else None,
        unmatched=waiting.reason if waiting else None,
        written=True,
    )


def _more(one: _Doors, other: _Doors) -> int:
    """How many are open in one and not in the other."""
    return len(one.grants - other.grants) + (one.how_many - other.how_many).total()


def _doors(session: Session, key: str) -> _Doors:
    now = clock.billing_now()
    if key == catalogue.KEY:
        counted = select(Grant.feature, func.count()).where(grants.live(now))
        by_feature: Counter[str] = Counter()
        for feature, how_many in session.execute(counted.group_by(Grant.feature)):
            by_feature[feature] = how_many
        return _Doors(how_many=by_feature)
    open_now = select(Grant.user_id, Grant.feature, Grant.source_ref).where(
        grants.live(now),
        Grant.source.in_((Source.SUBSCRIPTION, Source.PURCHASE)),
        or_(
            Grant.source_ref == key,
            Grant.source_ref.in_(
                select(Subscription.stripe_id).where(Subscription.customer_id == key)
            ),
            Grant.source_ref.in_(select(Checkout.stripe_id).where(Checkout.customer_id == key)),
        ),
    )
    return _Doors(grants=frozenset((u, f, ref) for u, f, ref in session.execute(open_now)))
