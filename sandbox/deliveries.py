"""A delivery: one event on its way to one address, and each attempt to bring it there.

It is a document with `state` (pending, delivered, given up, lost), `due` (in unix seconds of its
sender's time), `late` (held back on purpose) and `attempts` (`at`, `seconds`, `status` or None for
no answer, and the beginning of the `answer`).
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from sandbox import ids
from sandbox.store import Document

log = logging.getLogger(__name__)

KIND = "delivery"
KEPT = 400  # characters of an answer


@dataclass(frozen=True)
class Sender:
    """Whose webhooks: how they are signed, how long one waits, and after how long one tries again.

    `sign` takes the endpoint's secret and the body, and gives the headers. `ahead` is by how many
    seconds the sender's time is ahead of real time; `answered` is told what an attempt came to.
    """

    name: str
    sign: Callable[[str, bytes], Mapping[str, str]]
    patience: float
    intervals: tuple[float, ...]
    ahead: Callable[[], float] = lambda: 0.0
    answered: Callable[[Document], None] = lambda _delivery: None

    def now(self) -> float:
        return time.time() + self.ahead()


def new(sender: Sender, *, url: str, secret: str, endpoint: str, event: str, body: str) -> Document:
    return {
        "id": ids.new("dlv"),
        "sender": sender.name,
        "url": url,
        "secret": secret,
        "endpoint": endpoint,
        "event": event,
        "body": body,
        "state": "pending",
        "late": False,
        "due": sender.now(),
        "attempts": [],
    }


def is_pending(delivery: Document) -> bool:
    return bool(delivery["state"] == "pending")


def is_awaited(delivery: Document) -> bool:
    """It is about to be brought for the first time, and nothing holds it back."""
    return is_pending(delivery) and not delivery["late"] and not delivery["attempts"]


def attempted(sender: Sender, delivery: Document) -> Document:
    """Bring it there now; what it is afterwards."""
    tried = {**delivery, "attempts": [*delivery["attempts"], _sent(sender, delivery)]}
    state, due = _outcome(sender, tried)
    return {**tried, "state": state, "due": due}


def _sent(sender: Sender, delivery: Document) -> dict[str, Any]:
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


def _outcome(sender: Sender, delivery: Document) -> tuple[str, float]:
    """What the attempts so far make of a delivery, and when the next one is due."""
    attempts = delivery["attempts"]
    if any(attempt["status"] and 200 <= attempt["status"] < 300 for attempt in attempts):
        return "delivered", 0.0
    if len(attempts) > len(sender.intervals):
        return "given up", 0.0
    return "pending", sender.now() + sender.intervals[len(attempts) - 1]
