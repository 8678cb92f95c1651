"""How often a door may be tried: counted in the database, for all processes together.

A try is counted before it is known how it ends, so that many at once are not more than one by one;
one that turns out well can be forgiven. Times are real. Rows name nobody: they hold a keyed digest
of the door and of whom they count, and go after a day (`retention`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from flask import has_request_context, request
from sqlalchemy import Index, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership import config, keyed
from membership.db import Model, changed
from membership.waits import TooSoon

KEPT = timedelta(days=1)  # and so the longest time that a limit can look back


class Attempt(Model):
    __tablename__ = "attempts"
    __table_args__ = (Index(None, "about", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    about: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Limit:
    """So many tries within that time."""

    most: int
    within: timedelta


@dataclass(frozen=True)
class Door:
    """What may be tried only so often. `why` is the sentence for whoever must wait.

    `per_account` counts tries on one account (or address, if there may be none), whoever makes
    them; `per_network` those from one network address, whomever they are about; `per_asker` those
    on one account from one network address, so that no stranger uses up what the account has.
    """

    name: str
    why: str
    per_account: tuple[Limit, ...] = ()
    per_asker: tuple[Limit, ...] = ()
    per_network: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Tried:
    """A try that was counted. `closes`: the next one will have to wait."""

    ids: tuple[int, ...]
    closes: bool


def knock(
    session: Session,
    door: Door,
    *,
    account: str | None = None,
    device: str | None = None,
    now: datetime,
    back: str | None = None,
) -> Tried:
    """Count one try; raises TooSoon, with the wait, when there were too many, and counts nothing.

    A `device` that has been let in to this account before has a counter of its own, instead of the
    account's and the network's: strangers, also those next door, cannot use up its owner's tries.
    """
    counters = _counters(door, account, device)
    _one_by_one(session, [about for about, _ in counters])
    closes, rows = False, []
    for about, limits in counters:
        times = _times(session, about, limits, now)
        if wait := wait_for(times, limits, now=now):
            raise TooSoon(ceil(wait.total_seconds()), door.why, back=back)
        closes = closes or bool(wait_for([*times, now], limits, now=now))
        rows.append(Attempt(about=about, at=now))
    session.add_all(rows)
    session.flush()
    return Tried(tuple(row.id for row in rows), closes)


def forgive(session: Session, tried: Tried) -> None:
    """This one was no guess: it does not count."""
    if tried.ids:
        changed(session, delete(Attempt).where(Attempt.id.in_(tried.ids)))


def any_old(session: Session, *, now: datetime) -> bool:
    """Whether there is something to forget: a sweep that finds nothing writes nothing."""
    return (
        session.scalars(select(Attempt.id).where(Attempt.at <= now - KEPT).limit(1)).first()
        is not None
    )


def forget_old(session: Session, *, now: datetime) -> None:
    changed(session, delete(Attempt).where(Attempt.at <= now - KEPT))


def wait_for(times: Iterable[datetime], limits: Iterable[Limit], *, now: datetime) -> timedelta:
    """How long until one more try is allowed, after tries at these times; zero is now."""
    free_at = [now]
    for limit in limits:
        recent = sorted(t for t in times if t > now - limit.within)
        if len(recent) >= limit.most:
            free_at.append(recent[-limit.most] + limit.within)
    return max(free_at) - now


def network(ip: str) -> str:
    """Whom an address stands for: itself; in IPv6 its /64, which one customer has whole."""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address, 64), strict=False))
    return str(address)


def asker() -> str | None:
    """A digest of the network this request comes from; None when there is none, or when limits per
    network are switched off."""
    if not config.current().ratelimit_enabled or not has_request_context():
        return None
    return _digest("network", network(request.remote_addr)) if request.remote_addr else None


def _counters(
    door: Door, account: str | None, device: str | None
) -> list[tuple[str, tuple[Limit, ...]]]:
    """Which counters a try is on, in the one order in which everybody locks them."""
    if account is not None and device is not None:
        return [(_digest(door.name, "device", device, account), door.per_account)]
    found, here = [], asker()
    if account is not None:
        found.append((_digest(door.name, "account", account), door.per_account))
    if account is not None and here:
        found.append((_digest(door.name, "asker", here, account), door.per_asker))
    if here:
        found.append((_digest(door.name, "network", here), door.per_network))
    return sorted((about, limits) for about, limits in found if limits)


def _digest(*parts: str) -> str:
    secret_key = config.current().secret_key
    return keyed.digest(secret_key, "attempts", "\n".join(parts)).hex()[:32]


def _one_by_one(session: Session, abouts: Sequence[str]) -> None:
    """Tries at once wait for each other, or each would see none of the others. SQLite's writers do
    so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for about in abouts:
            key = int.from_bytes(bytes.fromhex(about[:16]), signed=True)
            session.execute(select(func.pg_advisory_xact_lock(key)))


def _times(
    session: Session, about: str, limits: Sequence[Limit], now: datetime
) -> Sequence[datetime]:
    """The newest tries, as many as a limit can ask about."""
    since = now - max(limit.within for limit in limits)
    newest = (
        select(Attempt.at)
        .where(Attempt.about == about, Attempt.at > since)
        .order_by(Attempt.at.desc())
        .limit(max(limit.most for limit in limits))
    )
    return session.scalars(newest).all()
