"""Idempotency keys: the answer of the first request with a key is the answer to all of them."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors
from sandbox.stripe.account import Account

KIND = "idempotency"
LIFETIME = 24 * 60 * 60
IN_USE = (
    "There is currently another in-progress request using this Idempotent Key (that probably means "
    "you submitted twice, and the other request is still going through): {key}. Please try again "
    "later."
)
OTHER_PARAMETERS = (
    "Keys for idempotent requests can only be used with the same parameters they were first used "
    "with. Try using a key other than '{key}' if you meant to execute a different request."
)
OTHER_ENDPOINT = (
    "Keys for idempotent requests can only be used for the same endpoint they were first used for "
    "('{path}' vs '{first}'). Try using a key other than '{key}' if you meant to execute a "
    "different request."
)


class Keys:
    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: set[str] = set()

    @contextmanager
    def held(self, key: str) -> Iterator[None]:
        """One request at a time may use a key; another meanwhile is refused with 409."""
        with self._lock:
            if key in self._under_way:
                raise errors.Refusal(
                    IN_USE.format(key=key),
                    status=409,
                    kind="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._under_way.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(key)


def remembered(account: Account, key: str, path: str, params: dict[str, Any]) -> Document | None:
    """What was answered to a key, for 24 hours; refuses another use of it."""
    kept = account.store.get(KIND, key)
    if kept is None or kept["at"] < account.now() - LIFETIME:
        return None
    if kept["path"] != path:
        message = OTHER_ENDPOINT.format(path=path, first=kept["path"], key=key)
        raise errors.Refusal(message, kind="idempotency_error")
    if kept["params"] != _fingerprint(params):
        raise errors.Refusal(OTHER_PARAMETERS.format(key=key), kind="idempotency_error")
    return kept


def remember(
    account: Account,
    key: str,
    path: str,
    params: dict[str, Any],
    *,
    status: int,
    body: Document,
    request_id: str,
) -> None:
    account.store.put(
        KIND,
        key,
        {
            "at": account.now(),
            "path": path,
            "params": _fingerprint(params),
            "status": status,
            "body": body,
            "request_id": request_id,
        },
    )


def _fingerprint(params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
