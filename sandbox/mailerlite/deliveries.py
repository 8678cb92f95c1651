"""MailerLite's webhooks: what they say, how they are signed, who gets them, and who no longer."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.deliveries import Sender
from sandbox.mailerlite.wire import dumped, moment
from sandbox.store import Document, Store

ACCOUNT_ID = 83510
NAME = "mailerlite"  # its name with the courier
KIND = "list_webhook"
BATCH = 100  # events in one envelope at most
BLOCKED_AFTER = 3  # deliveries given up, one after another
NESTED = {
    "subscriber.added_to_group",
    "subscriber.removed_from_group",
    "subscriber.automation_triggered",
    "subscriber.automation_completed",
}
Said = tuple[str, dict[str, Any]]  # an event's name and its body


def signature(secret: str, body: bytes) -> Mapping[str, str]:
    return {"Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def sender(store: Store, clock: Clock) -> Sender:
    """It tries again after so many seconds of the sandbox's time."""
    return Sender(
        NAME,
        signature,
        patience=3,
        intervals=(10.0, 100.0, 1000.0),
        ahead=lambda: clock.ahead,
        answered=partial(_answered, store, clock),
    )


def is_awaited(store: Store, name: str) -> bool:
    return store.first(KIND, lambda webhook: name in webhook["events"]) is not None


def about(name: str, subscriber: Document, what: Mapping[str, Document]) -> dict[str, Any]:
    """`what` is a group or an automation; nested events name it, flat ones are the subscriber."""
    if name not in NESTED:
        never = {"deleted_at": None, "forget_at": None}
        return {**never, **subscriber, "event": name, "account_id": ACCOUNT_ID}
    named = {kind: {"id": d["id"], "name": d["name"]} for kind, d in what.items()}
    return {"type": name, "subscriber": subscriber, **named, "account_id": ACCOUNT_ID}


def tell(store: Store, courier: Courier, said: Sequence[Said]) -> None:
    """What has happened in one act, to every webhook that asked for any of it."""
    for webhook in store.find(KIND, lambda w: w["enabled"] and not w["is_blocked"]):
        wanted = [each for each in said if each[0] in webhook["events"]]
        if webhook["batchable"]:
            for start in range(0, len(wanted), BATCH):
                _post_batch(courier, webhook, wanted[start : start + BATCH])
        else:
            for name, body in wanted:
                _post(courier, webhook, name, body)


def _post_batch(courier: Courier, webhook: Document, said: Sequence[Said]) -> None:
    names = list(dict.fromkeys(name for name, _ in said))
    events = [body for _, body in said]
    _post(courier, webhook, ", ".join(names), {"events": events, "total": len(events)})


def _post(courier: Courier, webhook: Document, event: str, body: dict[str, Any]) -> None:
    courier.post(
        NAME,
        url=webhook["url"],
        secret=webhook["secret"],
        endpoint=webhook["id"],
        event=event,
        body=dumped(body),
    )


def _answered(store: Store, clock: Clock, delivery: Document) -> None:
    """What the webhook remembers of an attempt; it is blocked when nothing arrives any more."""
    with store.lock:
        webhook = store.get(KIND, delivery["endpoint"])
        if not webhook:
            return
        webhook["last_fired_at"] = moment(clock.now())
        webhook["response_code"] = delivery["attempts"][-1]["status"]
        if delivery["state"] == "delivered":
            webhook["given_up"] = 0
        elif delivery["state"] == "given up":
            webhook["given_up"] += 1
            webhook["is_blocked"] = webhook["given_up"] >= BLOCKED_AFTER
        store.put(KIND, webhook["id"], webhook)
