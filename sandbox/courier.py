"""Outgoing webhooks: sent by one thread, signed at each attempt, retried, every attempt kept."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from typing import Any

import requests

from sandbox import ids
from sandbox.store import Document, Store

log = logging.getLogger(__name__)

KIND = "delivery"
KEPT = 400  # characters of an answer


@dataclass(frozen=True)
class Sender:
    """Whose webhooks: how they are signed, how long one waits, and after how long one tries again.

    `sign` takes the endpoint's secret and the body, and gives the headers.
    """

    name: str
    sign: Callable[[str, bytes], Mapping[str, str]]
    patience: float
    intervals: tuple[float, ...]


class Courier:
    """A delivery is a document: where, what, and its attempts, so a restart goes on with it."""

    def __init__(self, store: Store, *senders: Sender) -> None:
        self._store = store
        self._senders = {sender.name: sender for sender in senders}
        # The store's own lock: one thread never holds the one while it waits for the other.
        self._changed = Condition(store.lock)
        self._paused = False
        self._stopping = False
        self._sending = Lock()  # one attempt at a time, so that they leave in their order
        self._thread = Thread(target=self._work, name="sandbox-courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout=1)  # an attempt that hangs on a dead server is let go

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
        """Hand something over; it leaves at once unless deliveries are paused."""
        delivery: Document = {
            "id": ids.new("dlv"),
            "sender": sender,
            "url": url,
            "secret": secret,
            "endpoint": endpoint,
            "event": event,
            "body": body,
            "state": "pending",
            "due": time.time(),
            "attempts": [],
        }
        self._store.put(KIND, delivery["id"], delivery)
        with self._changed:
            self._changed.notify_all()

    def of(self, event: str) -> list[Document]:
        return self._store.find(KIND, lambda d: d["event"] == event)

    def wait_for(self, event: str, timeout: float) -> None:
        """Until every endpoint has answered an event once, but not while deliveries are paused."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._paused or all(d["attempts"] for d in self.of(event)), timeout
            )

    def deliver_pending(self) -> int:
        """Send everything that waits, paused or not, due or not; how many attempts that was."""
        with self._sending:
            waiting = self._store.find(KIND, _is_pending)
            for delivery in waiting:
                self._attempt(delivery)
        return len(waiting)

    def send_again(self, delivery_id: str) -> None:
        """One more attempt now, whatever became of the earlier ones."""
        with self._sending:
            delivery = self._store.get(KIND, delivery_id)
            if delivery:
                self._attempt(delivery)

    def _work(self) -> None:
        while self._something_is_due():
            with self._sending:
                due = self._due()  # again: another thread may have sent it meanwhile
                if due:
                    self._attempt(due[0])

    def _something_is_due(self) -> bool:
        """Waits until it is so; false when it is time to stop."""
        with self._changed:
            while not self._stopping and not self._due():
                self._changed.wait(self._rest())
            return not self._stopping

    def _due(self) -> list[Document]:
        if self._paused:
            return []
        now = time.time()
        return self._store.find(KIND, lambda d: _is_pending(d) and d["due"] <= now)

    def _rest(self) -> float | None:
        """Seconds until something is due; None when nothing will be by itself."""
        if self._paused:
            return None
        moments = [delivery["due"] for delivery in self._store.find(KIND, _is_pending)]
        return max(0.0, min(moments) - time.time()) if moments else None

    def _attempt(self, delivery: Document) -> None:
        sender = self._senders[delivery["sender"]]
        delivery["attempts"].append(self._send(sender, delivery))
        delivery["state"], delivery["due"] = _outcome(sender, delivery)
        with self._changed:
            self._store.put(KIND, delivery["id"], delivery)
            self._changed.notify_all()

    def _send(self, sender: Sender, delivery: Document) -> dict[str, Any]:
        body = delivery["body"].encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        began = time.time()
        try:
            with requests.Session() as http:
                http.trust_env = False  # a proxy has no business on loopback
                answer = http.post(
                    delivery["url"],
                    data=body,
                    headers={**headers, **sender.sign(delivery["secret"], body)},
                    timeout=sender.patience,
                    allow_redirects=False,  # a redirect is a failure, as the real ones have it
                )
        except requests.RequestException as error:
            status, said = None, f"{type(error).__name__}: no answer from {delivery['url']}"
        else:
            status, said = answer.status_code, answer.text[:KEPT]
        log.info("webhook %s to %s: %s", delivery["event"], delivery["url"], status or said)
        return {
            "at": began,
            "seconds": round(time.time() - began, 3),
            "status": status,
            "answer": said,
        }


def _is_pending(delivery: Document) -> bool:
    return bool(delivery["state"] == "pending")


def _outcome(sender: Sender, delivery: Document) -> tuple[str, float]:
    """What the attempts so far make of a delivery, and when the next one is due."""
    attempts = delivery["attempts"]
    if any(attempt["status"] and 200 <= attempt["status"] < 300 for attempt in attempts):
        return "delivered", 0.0
    if len(attempts) > len(sender.intervals):
        return "given up", 0.0
    return "pending", time.time() + sender.intervals[len(attempts) - 1]
