"""Events signed as Stripe signs them: over the raw bytes, with the time beside."""

import hmac
import json
import time
from hashlib import sha256
from typing import Any

from tests.support.settings import WEBHOOK_SECRET


def event(
    event_id: str = "evt_1",
    kind: str = "customer.subscription.updated",
    *,
    livemode: bool = False,
    about: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An event whose object is `about`: a subscription of cus_1, when nothing else is said."""
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": livemode,
        "created": int(time.time()),
        "data": {"object": about or {"id": "sub_1", "customer": "cus_1"}},
    }


def body(told: dict[str, Any]) -> bytes:
    return json.dumps(told, indent=2).encode()


def signature(raw: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    """The Stripe-Signature header for these bytes, signed `age` seconds ago."""
    at = int(time.time()) - age
    signed = hmac.digest(secret.encode(), f"{at}.".encode() + raw, sha256).hex()
    return f"t={at},v1={signed}"
