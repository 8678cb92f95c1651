"""MailerLite's webhooks: what they say, how they are signed, who gets them."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from sandbox.courier import Courier
from sandbox.deliveries import Sender
from sandbox.mailerlite.wire import dumped
from sandbox.store import Document, Store

ACCOUNT_ID = 83510
NAME = "mailerlite"  # its name with the courier
NESTED = {
    "subscriber.added_to_group",
    "subscriber.removed_from_group",
    "subscriber.automation_triggered",
    "subscriber.automation_completed",
}


def signature(secret: str, body: bytes) -> Mapping[str, str]:
    return {"Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


SENDER = Sender(NAME, signature, patience=3, intervals=(10.0, 100.0, 1000.0))


def announce(
    store: Store, courier: Courier, name: str, subscriber: Document, **about: Document
) -> None:
    """Tell every webhook that asked for this event. `about` is a group or an automation."""
    for webhook in store.find("list_webhook", lambda w: w["enabled"] and name in w["events"]):
        said = _said(name, subscriber, about)
        body = {"events": [said], "total": 1} if webhook["batchable"] else said
        courier.post(
            NAME,
            url=webhook["url"],
            secret=webhook["secret"],
            endpoint=webhook["id"],
            event=name,
            body=dumped(body),
        )


def _said(name: str, subscriber: Document, about: Mapping[str, Document]) -> dict[str, Any]:
    if name not in NESTED:
        return {**subscriber, "event": name, "account_id": ACCOUNT_ID}
    named = {what: {"id": d["id"], "name": d["name"]} for what, d in about.items()}
    return {"type": name, "subscriber": subscriber, **named, "account_id": ACCOUNT_ID}
