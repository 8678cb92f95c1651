"""Outgoing webhooks: signed at each attempt, retried, every attempt kept.

Each address has a thread of its own, so that a receiver that hangs holds up nobody else. What goes
to one address leaves in its order.
"""

import heapq
from collections.abc import Callable
from itertools import count
from threading import Condition, Lock, Thread

from sandbox import deliveries
from sandbox.deliveries import KIND, Sender
from sandbox.faults import Faults
from sandbox.store import Document, Store

SHUFFLED_OVER = 0.3  # seconds within which the order is lost


class Courier:
    """Deliveries are documents, so a restart goes on with them."""

    def __init__(self, store: Store, faults: Faults, *senders: Sender) -> None:
        self._store = store
        self.faults = faults
        self._senders = {sender.name: sender for sender in senders}
        # The store's own lock: one thread never holds the one while it waits for the other.
        self._changed = store.lock.condition()
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._paused = False
        self._running = False

    def start(self) -> None:
        with self._changed:
            for delivery in self._waiting():
                self._lane(delivery).add(delivery)
            self._running = True
            for lane in self._lanes.values():
                lane.start()

    def stop(self) -> None:
        with self._changed:
            self._running = False
            self._changed.notify_all()
        for lane in self._lanes.values():
            lane.join()

    @property
    def paused(self) -> bool:
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def post(
        self, sender: str, *, url: str, secret: str, endpoint: str, event: str, body: str
    ) -> None:
        """Hand something over; it leaves at once unless it is paused, or a fault comes between."""
        faults = self.faults.webhooks
        for _ in range(2 if self.faults.happens(faults.twice) else 1):
            delivery = deliveries.new(
                self._senders[sender],
                url=url,
                secret=secret,
                endpoint=endpoint,
                event=event,
                body=body,
            )
            self._meddle(delivery)
            with self._changed:
                self._store.put(KIND, delivery["id"], delivery)
                self._lane(delivery).add(delivery)
                self._changed.notify_all()

    def _meddle(self, delivery: Document) -> None:
        faults = self.faults.webhooks
        if faults.shuffled:
            delivery["due"] += self.faults.chance.uniform(0, SHUFFLED_OVER)
        if self.faults.happens(faults.lost):
            delivery["state"] = "lost"
        elif self.faults.happens(faults.late):
            delivery["late"] = True
            delivery["due"] += faults.late_seconds

    def of(self, event: str) -> list[Document]:
        return self._store.having(KIND, "event", event)

    def wait_for(self, event: str, timeout: float) -> None:
        """Until every endpoint has answered an event once; what is held back is not waited for."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._paused or not any(map(deliveries.is_awaited, self.of(event))), timeout
            )

    def deliver_pending(self) -> int:
        """Send everything that waits, paused or not, due or not; how many attempts that was."""
        waiting = self._waiting()
        if self.faults.webhooks.shuffled:
            self.faults.chance.shuffle(waiting)
        return sum(self._lane(each).bring(each["id"], len(each["attempts"])) for each in waiting)

    def send_again(self, delivery_id: str) -> None:
        """One more attempt now, whatever became of the earlier ones."""
        delivery = self._store.get(KIND, delivery_id)
        if delivery:
            self._lane(delivery).bring(delivery_id, None)

    def _waiting(self) -> list[Document]:
        return self._store.having(KIND, "state", "pending")

    def wake(self) -> None:
        """Look again what is due: a sender's time has been moved."""
        with self._changed:
            self._changed.notify_all()

    def _lane(self, delivery: Document) -> "_Lane":
        sender, way = self._senders[delivery["sender"]], (delivery["sender"], delivery["url"])
        with self._changed:
            if way not in self._lanes:
                lane = _Lane(self._changed, self._may_go, self._attempt, sender.now)
                self._lanes[way] = lane
                if self._running:
                    lane.start()
            return self._lanes[way]

    def _may_go(self) -> bool | None:
        """Whether anything may leave now; None when it is time to stop."""
        return None if not self._running else not self._paused

    def _attempt(self, delivery_id: str, after_tries: int | None) -> Document | None:
        """What became of it; None when it is no longer as it was after so many tries."""
        delivery = self._store.get(KIND, delivery_id)
        if delivery is None:
            return None
        as_it_was = deliveries.is_pending(delivery) and len(delivery["attempts"]) == after_tries
        if after_tries is not None and not as_it_was:
            return None
        sender = self._senders[delivery["sender"]]
        after = deliveries.attempted(sender, delivery)
        with self._changed:
            self._store.put(KIND, delivery_id, after)
            sender.answered(after)
            self._changed.notify_all()
        return after


class _Lane:
    """The way to one address: what is to be brought there, soonest first, one at a time."""

    def __init__(
        self,
        changed: Condition,
        may_go: Callable[[], bool | None],
        attempt: Callable[[str, int | None], Document | None],
        now: Callable[[], float],
    ) -> None:
        self._changed = changed
        self._may_go = may_go
        self._attempt = attempt
        self._now = now
        self._due: list[tuple[float, int, str, int]] = []
        self._numbers = count()
        self._sending = Lock()
        self._thread = Thread(target=self._work, name="sandbox-courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        if self._thread.ident:
            self._thread.join(timeout=1)  # an attempt that hangs on a dead server is let go

    def add(self, delivery: Document) -> None:
        """To be called with the lock held."""
        if deliveries.is_pending(delivery):
            number, tries = next(self._numbers), len(delivery["attempts"])
            heapq.heappush(self._due, (delivery["due"], number, delivery["id"], tries))

    def bring(self, delivery_id: str, after_tries: int | None) -> bool:
        """One attempt, unless somebody has made it meanwhile; None: whatever has been made."""
        with self._sending:
            after = self._attempt(delivery_id, after_tries)
        if after is not None:
            with self._changed:
                self.add(after)
                self._changed.notify_all()
        return after is not None

    def _work(self) -> None:
        while (next_one := self._next()) is not None:
            self.bring(*next_one)

    def _next(self) -> tuple[str, int] | None:
        """Waits until something is due; None when it is time to stop."""
        with self._changed:
            while (going := self._may_go()) is not None:
                if going and self._due and self._due[0][0] <= self._now():
                    return heapq.heappop(self._due)[2:]
                self._changed.wait(self._rest() if going else None)
            return None

    def _rest(self) -> float | None:
        """Seconds until something is due; None when nothing will be by itself."""
        return max(0.0, self._due[0][0] - self._now()) if self._due else None
