"""Live through a history in a town, and see at checkpoints that everybody gets what is theirs."""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select

from membership.db import db
from membership.inbox import InboxEvent
from tests.torture import acts, books, letters, model, peace
from tests.torture.facts import DAY, Answer, Stripe
from tests.torture.histories import History
from tests.torture.town import Town, Wrong
from tests.torture.townsfolk import Diary, Person

EVERY = 40  # steps between two checkpoints
AT_ONCE = 2  # mails that a worker may be sending when it is killed


@dataclass
class Record:
    """What came of a history."""

    wrong: list[Wrong] = field(default_factory=list)
    steps: int = 0  # lived through
    events: int = 0
    drops: int = 0  # events that no webhook brought
    vanished: int = 0  # of those, what Stripe's list of events no longer tells of
    brakes: int = 0
    unaccounted: int = 0
    kills: int = 0
    asked: int = 0
    open: int = 0
    either: int = 0
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.events} events, {self.drops} dropped ({self.vanished} for good), "
            f"{self.kills} kills, {self.brakes} brakes, {self.asked} answers ({self.open} open, "
            f"{self.either} on the edge), {len(self.wrong)} wrong, {self.unaccounted} unaccounted"
        )


def live(town: Town, history: History, *, every: int = EVERY) -> Record:
    """Until the end, or until the first checkpoint that finds something wrong."""
    with _inspector(town) as inspector:
        for number, step in enumerate(history, start=1):
            inspector.record.steps = number
            person = inspector.person(step.who)
            dice = Random(step.dice)  # noqa: S311 - to be repeated, not to be secret
            try:
                happened = acts.BY_NAME[step.act](person, dice)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may not happen
                kind = f"{type(error).__name__} as somebody {step.act}"
                town.complain(kind, f"{number}. {step}: {traceback.format_exc()}")
                inspector.finds_wrong()
                break
            if happened:
                town.say(f"{number:4}. {step.who} {happened}")
            if number % every == 0 and inspector.finds_wrong():
                break
        else:
            inspector.finds_wrong()
        return inspector.record


@dataclass
class Inspector:
    town: Town
    known: set[str]  # events from before anybody listened
    diary: Diary = field(default_factory=Diary)
    people: dict[str, Person] = field(default_factory=dict)
    record: Record = field(default_factory=Record)

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = Person(name, self.town, self.diary, self.person)
        return self.people[name]

    def finds_wrong(self) -> bool:
        """Let everything come to rest, and compare each answer with the model's; before the whole
        comparison too, when what Stripe's events tell must do."""
        record, town = self.record, self.town
        record.story = town.story
        try:
            peace.calm(town)
            if peace.hear(town):
                record.wrong.extend(self._wrong_answers("by what was heard"))
            peace.compare(town)
        except peace.Unsettled as unrest:
            record.wrong.append(Wrong("unrest", f"it does not come to rest:\n{unrest}"))
        record.wrong.extend(town.complaints)
        record.wrong.extend(self._unheard())
        record.wrong.extend(self._wrong_answers("by what was compared"))
        record.wrong.extend(self._wrong_books())
        record.kills, record.brakes = town.kills, town.brakes
        town.say(f"      checkpoint: {record}")
        return bool(record.wrong)

    def _wrong_books(self) -> Iterator[Wrong]:
        stripe, deeds = self.town.api.everything(), self.diary.deeds()
        found = list(books.wrong(self.town, stripe, deeds))
        self.record.unaccounted += len(found)
        yield from found[:5]
        payers = {address: self._ever_of(name, stripe) for name, address in deeds.members.items()}
        in_flight = self.town.kills * AT_ONCE + self.town.mails_hurried
        mails = self.town.sandbox.mailbox.messages
        yield from letters.wrong(mails, stripe, payers, in_flight)

    def _ever_of(self, name: str, stripe: Stripe) -> set[str]:
        """What is theirs, was theirs, or was paid by them."""
        deeds, diary = self.diary.deeds(), self.diary
        now = {key for key in model.keys(stripe) if model.owner_of(key, stripe, deeds) == name}
        return now | diary.had[name] | {key for key, who in diary.paid_by.items() if who == name}

    def _unheard(self) -> Iterator[Wrong]:
        """Events that Stripe sent, and that are not in the inbox, or not done. Those that no
        webhook brought and Stripe's list no longer has are lost for good."""
        created = {id_: at for id_, at in self.town.events().items() if id_ not in self.known}
        sent = created.keys()
        with self.town.app.app_context():
            undone = InboxEvent.due_at.is_not(None) | InboxEvent.given_up_at.is_not(None)
            stored = select(InboxEvent.event_id, undone, InboxEvent.last_error)
            rows = db.session.execute(stored.where(InboxEvent.source == "stripe")).all()
            db.session.rollback()
        errors = {event_id: error for event_id, undone, error in rows if undone}
        absent = sent - {event_id for event_id, _, _ in rows}
        missing = {id_ for id_ in absent if created[id_] > self._now() - peace.LISTED + DAY}
        self.record.events, self.record.vanished = len(sent), len(absent - missing)
        self.record.drops = len(sent - self.town.delivered())
        self.record.unaccounted = len(missing) + len(errors)
        if missing:
            some = ", ".join(sorted(missing)[:5])
            yield Wrong("lost", f"{len(missing)} events never arrived: {some}")
        for event_id, error in list(errors.items())[:3]:
            yield Wrong("undone", f"{event_id} is not done: {error}")

    def _wrong_answers(self, when: str) -> Iterator[Wrong]:
        right_ones, said = self._right(), self._said()
        while (later := self._right()) != right_ones:  # a moment passed while we asked
            right_ones, said = later, self._said()
        self.record.asked += len(said)
        for name, right in right_ones.items():
            self.record.open += right is Answer.OPEN
            self.record.either += right is Answer.EITHER
            if right is not Answer.EITHER and said[name] is not right:
                text = f"{name} should find it {right}, and is answered {said[name]} {when}"
                yield Wrong(f"not {right}", "\n    ".join([text, *self._doors_of(name)]))

    def _said(self) -> Mapping[str, Answer | int]:
        return {name: self.person(name).reads() for name in self.diary.members}

    def _right(self) -> Mapping[str, Answer]:
        return model.answers(
            self.town.api.everything(), self.diary.deeds(), self.town.policy, self._now()
        )

    def _now(self) -> float:
        return float(self.town.sandbox.clock.now())

    def _doors_of(self, name: str) -> Iterator[str]:
        """For a person who wonders why."""
        stripe = self.town.api.everything()
        for door in model.doors(stripe, self.diary.deeds(), self.town.policy):
            if door.member == name:
                status = next(
                    (s["status"] for s in stripe.subscriptions if s["id"] == door.through), ""
                )
                yield f"{door.through} {status} until {door.end}; now it is {self._now():.0f}"


@contextmanager
def _inspector(town: Town) -> Iterator[Inspector]:
    inspector = Inspector(town, known=set(town.events()))
    try:
        yield inspector
    finally:
        for person in inspector.people.values():
            person.browser.session.close()
