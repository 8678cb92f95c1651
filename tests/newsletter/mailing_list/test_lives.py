"""Random lives of readers, with MailerLite failing by chance and webhooks lost: after some quiet
and one comparison, both sides agree, and nobody who said no gets letters.

LIST_LIVES=200 lives more of them.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from flask import Flask

from membership import inbox
from membership.db import db, transaction
from membership.newsletter import leaving, moving, signup, subscribers
from membership.newsletter.mailing_list import events, sweep, sync
from membership.newsletter.models import Standing, Subscriber
from sandbox.server import Sandbox
from sandbox.testing import Reader, Time
from tests.support.clock import MovableClock
from tests.support.mailerlite_has import Listed, by_hand, listed, set_up
from tests.support.the_list import PLANS

SEEDS = range(int(os.environ.get("LIST_LIVES", "2")))
ACTS = 45
TROUBLE = "down", "error"


@dataclass
class Person:
    """`no`: what they, or the owner for them, said last about letters."""

    email: str
    no: bool = False
    left: bool = False
    addresses: int = 1


@dataclass
class Village:
    app: Flask
    sandbox: Sandbox
    clock: MovableClock
    chance: random.Random
    people: list[Person] = field(
        default_factory=lambda: [Person(f"{name}@example.com") for name in ("ada", "grace", "dora")]
    )

    def passes(self, time: timedelta) -> None:
        self.clock.passes(time)
        Time(self.sandbox).passes(hours=time.total_seconds() / 3600)

    def lives(self) -> None:
        for _ in range(ACTS):
            self.sandbox.mailerlite_fault = self.chance.choice((*TROUBLE, None, None))
            self.sandbox.mailerlite_fault_share = 0.5
            self.passes(timedelta(minutes=self.chance.choice((1, 1, 7, 90))))
            if self.chance.random() < 0.4:
                self.works()
            here = [person for person in self.people if not person.left]
            if here:
                person = self.chance.choice(here)
                self.chance.choice(HERE + THERE)(self, person)

    def works(self) -> None:
        with self.app.app_context():
            inbox.drain()
            sync.drain()

    def quiet(self) -> None:
        """MailerLite is well again; what waited is due, then the night comes."""
        self.sandbox.mailerlite_fault = None
        for _ in range(2):
            self.passes(timedelta(hours=2))
            self.works()
        with self.app.app_context():
            run = sweep.work_on(sweep.begin(dry_run=False, force=True))
            assert run.ended_at, run.last_error
        self.works()

    def row(self, person: Person) -> Subscriber | None:
        with self.app.app_context():
            return subscribers.find(db.session(), person.email)

    def there(self, email: str) -> Listed | None:
        fault, self.sandbox.mailerlite_fault = self.sandbox.mailerlite_fault, None
        found = listed(self.sandbox, email)
        self.sandbox.mailerlite_fault = fault
        return found

    def tell(self, person: Person, name: str) -> None:
        """The webhook comes, or is lost."""
        row = self.row(person)
        if row and self.chance.random() < 0.5:
            told = {
                "event": f"subscriber.{name}",
                "id": row.mailerlite_id or "1",
                "email": person.email,
                "updated_at": self.clock().isoformat(),
            }
            with self.app.app_context(), transaction() as session:
                inbox.receive(session, events.parse(told))


Act = Callable[[Village, Person], None]


def joins(village: Village, person: Person) -> None:
    with village.app.app_context(), transaction() as session:
        signup.confirm(session, person.email, letters=True, now=village.clock())


def ticks(village: Village, person: Person) -> None:
    person.no = False
    with village.app.app_context(), transaction() as session:
        subscribers.want_letters(session, person.email, now=village.clock())


def stops(village: Village, person: Person) -> None:
    person.no = True
    with village.app.app_context(), transaction() as session:
        subscribers.stop_letters(session, person.email, now=village.clock())


def pays_or_lapses(village: Village, person: Person) -> None:
    standing = village.chance.choice(list(Standing))
    pays = standing is Standing.PAID
    with village.app.app_context(), transaction() as session:
        subscribers.set_membership(
            session,
            person.email,
            standing,
            plan=village.chance.choice(("supporter", "patron")) if pays else None,
            renews_on=date(2026, village.chance.randint(1, 12), 21) if pays else None,
            now=village.clock(),
        )


def moves(village: Village, person: Person) -> None:
    person.addresses += 1
    became = f"{person.email.split('@')[0].split('.')[0]}.{person.addresses}@example.com"
    with village.app.app_context(), transaction() as session:
        moving.move(session, person.email, became, now=village.clock())
    person.email = became


def leaves(village: Village, person: Person) -> None:
    person.left = True
    with village.app.app_context(), transaction() as session:
        leaving.forget(session, [person.email], [], stays=None, now=village.clock())


def at_mailerlite(name: str, act: Callable[[Reader], None]) -> Act:
    def happens(village: Village, person: Person) -> None:
        row = village.row(person)
        there = village.there(person.email)
        if not (row and row.status and there and there.status in ("active", "unconfirmed")):
            return
        act(Reader(village.sandbox, person.email))
        # Asked for again, and that not carried across yet: it counts as said afterwards.
        if name in ("unsubscribed", "spam_reported") or (
            name == "deleted" and not row.resubscribe_at
        ):
            person.no = True
        village.tell(person, name)

    return happens


def meddled_with(village: Village, person: Person) -> None:
    """The owner drags somebody into another of our groups, and into one of their own."""
    if village.there(person.email):
        fault, village.sandbox.mailerlite_fault = village.sandbox.mailerlite_fault, None
        groups = {g["name"]: g["id"] for g in by_hand(village.sandbox, "GET", "groups?limit=100")}
        for name in (village.chance.choice(sorted(PLANS)), "Knitters"):
            path = f"subscribers/{Reader(village.sandbox, person.email).listed['id']}"
            by_hand(village.sandbox, "POST", f"{path}/groups/{groups[name]}")
        village.sandbox.mailerlite_fault = fault


HERE: list[Act] = [joins, joins, ticks, stops, pays_or_lapses, pays_or_lapses, moves, leaves]
THERE: list[Act] = [
    at_mailerlite("unsubscribed", Reader.unsubscribes_at_mailerlite),
    at_mailerlite("bounced", Reader.bounces),
    at_mailerlite("spam_reported", Reader.complains),
    at_mailerlite("deleted", Reader.is_deleted_at_mailerlite),
    meddled_with,
]


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_end_both_sides_agree(
    make_app: Callable[..., Flask], sandbox: Sandbox, clock: MovableClock, seed: int
) -> None:
    app = make_app(MAILERLITE_CALLS_PER_MINUTE="6000")
    set_up(app)
    by_hand(sandbox, "POST", "groups", {"name": "Knitters"})
    sandbox.mailerlite_limit = 100_000
    sandbox.seed_random(seed)
    village = Village(app, sandbox, clock, random.Random(seed))  # noqa: S311
    village.lives()
    village.quiet()
    addresses = {person.email for person in village.people if not person.left}
    everybody = by_hand(sandbox, "GET", "subscribers?limit=100&include=groups")
    active = {each["email"] for each in everybody if each["status"] == "active"}
    assert active <= addresses  # nobody who left or moved away is still written to
    for person in village.people:
        agrees(village, person)


def agrees(village: Village, person: Person) -> None:
    row = village.row(person)
    there = village.there((row and row.moved_from) or person.email)
    if person.left:
        assert (row, there) == (None, None)
        return
    if row is None:
        return
    assert row.due_at is None, row.last_error
    assert row.status == (
        there.status if there else row.status if row.status == "deleted" else None
    )
    if there and there.status == "active":
        assert not person.no, f"{person.email} said no"
        assert row.wants_letters
        assert there.groups & PLANS == {row.standing.capitalize()}
        told = {"plan": row.plan, "renews_on": row.renews_on and row.renews_on.isoformat()}
        assert there.fields == {key: value for key, value in told.items() if value}
    elif row.wants_letters:
        assert there
        assert there.status in ("bounced", "junk")
