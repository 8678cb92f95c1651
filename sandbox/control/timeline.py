"""Where things lie on a line of time, in percent of its width. Pure: documents in, places out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.store import Document

DAY = 24 * 60 * 60
SHORTEST = 30 * DAY
LONGEST = 400 * DAY
AHEAD = 60 * DAY  # that much of what is to come is shown in any case
WEEK = 7 * DAY
SHORT = 75 * DAY
TICKS = 8
DECEMBER = 12
COVERED = (("anywhere", 11), ("phone", 34))  # widths of a label, in percent
ENDED = ("canceled", "incomplete_expired")
RUNNING = ("active", "trialing")


@dataclass(frozen=True)
class Span:
    """`kind` is a status of Stripe's, or `planned`: paid for, and still to come."""

    kind: str
    left: float
    width: float


@dataclass(frozen=True)
class Mark:
    """`kind` is paid, pending, failed, refunded, disputed, or ends (a scheduled end)."""

    kind: str
    at: float
    title: str


@dataclass(frozen=True)
class Lane:
    spans: list[Span]
    marks: list[Mark]


@dataclass(frozen=True)
class Tick:
    """`covered`: where its label would lie under that of now (anywhere, phone, or nowhere)."""

    at: float
    label: str
    covered: str


@dataclass(frozen=True)
class Axis:
    start: int
    end: int
    now: int

    def place(self, moment: int) -> float:
        """In percent; what lies outside is at its edge."""
        within = min(max(moment, self.start), self.end) - self.start
        return round(100 * within / (self.end - self.start), 2)

    def shows(self, moment: int) -> bool:
        return self.start <= moment <= self.end

    def span(self, kind: str, start: int, end: int) -> Span | None:
        left, right = self.place(start), self.place(end)
        return Span(kind, left, round(right - left, 2)) if right > left else None

    @property
    def ticks(self) -> list[Tick]:
        """Midnights, a week apart, or first days of months; so many that they can be read."""
        if self.end - self.start <= SHORT:
            first = self.start - self.start % DAY + DAY
            moments = list(range(first, self.end, WEEK))
        else:
            months = _months(self.start, self.end)
            moments = months[:: -(-len(months) // TICKS)]
        return [self._tick(moment) for moment in moments]

    def _tick(self, moment: int) -> Tick:
        at = self.place(moment)
        before_now = self.place(self.now) - at
        covered = next((far for far, width in COVERED if -width / 4 < before_now < width), "")
        return Tick(at, self.day(moment), covered)

    def day(self, moment: int) -> str:
        """“3 Dec”, with its year when it is another one than this."""
        at, now = (datetime.fromtimestamp(each, UTC) for each in (moment, self.now))
        return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"


def _months(start: int, end: int) -> list[int]:
    first = datetime.fromtimestamp(start, UTC)
    year, month = first.year, first.month
    found: list[int] = []
    while True:
        year, month = (year, month + 1) if month < DECEMBER else (year + 1, 1)
        moment = int(datetime(year, month, 1, tzinfo=UTC).timestamp())
        if moment >= end:
            return found
        found.append(moment)


def axis(now: int, subscriptions: Iterable[Document]) -> Axis:
    """From the first beginning to the last end that is known; what is to come takes half at most.

    So a subscription for years does not press what has happened into a corner.
    """
    known = list(subscriptions)
    start = max(min([*(s["start_date"] for s in known), now - SHORTEST]), now - LONGEST)
    end = min(max([*(_end(s) for s in known), now + SHORTEST]), now + max(now - start, AHEAD))
    room = (end - start) // 30
    return Axis(start - room, end + room, now)


def lane(axis: Axis, subscription: Document, history: Sequence[Document]) -> Lane:
    """`history` is the events of a subscription, oldest first: each shows what it was from then."""
    spans = [
        axis.span(status, start, end)
        for status, start, end in _stretches(axis, subscription, history)
        if status not in ENDED
    ]
    marks = []
    if subscription["status"] in RUNNING:
        spans.append(axis.span("planned", axis.now, _end(subscription)))
    if subscription["cancel_at"] and axis.shows(subscription["cancel_at"]):
        at = int(subscription["cancel_at"])
        marks.append(Mark("ends", axis.place(at), f"Ends on {axis.day(at)}"))
    return Lane([span for span in spans if span], marks)


def payments(axis: Axis, charges: Iterable[Document]) -> list[Mark]:
    return [
        Mark(fate(charge), axis.place(charge["created"]), _told(axis, charge))
        for charge in charges
        if axis.shows(charge["created"])
    ]


def fate(charge: Document) -> str:
    """What became of a payment, in one word."""
    if charge["disputed"]:
        return "disputed"
    if charge["amount_refunded"]:
        return "refunded"
    return {"failed": "failed", "pending": "pending"}.get(charge["status"], "paid")


def _stretches(
    axis: Axis, subscription: Document, history: Sequence[Document]
) -> list[tuple[str, int, int]]:
    """Statuses with their beginnings and ends, one after another."""
    found: list[tuple[str, int, int]] = []
    last = int(subscription["ended_at"] or axis.now)
    for event, follower in zip(history, [*history[1:], None], strict=True):
        status, start = event["data"]["object"]["status"], event["created"]
        if found and found[-1][0] == status:
            start = found.pop()[1]
        found.append((status, start, follower["created"] if follower else last))
    return found


def _end(subscription: Document) -> int:
    if subscription["status"] in ENDED:
        return int(subscription["ended_at"] or subscription["start_date"])
    if subscription["cancel_at"]:
        return int(subscription["cancel_at"])
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def _told(axis: Axis, charge: Document) -> str:
    return f"{fate(charge).capitalize()}: {axis.day(charge['created'])}"
