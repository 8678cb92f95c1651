"""One Stripe account: its objects, its time, and the events it sends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sandbox import ids
from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.store import Document, Store
from sandbox.stripe import errors

API_VERSION = "2026-10-28.endive"
ACCOUNT = "acct_1SandboxLatchkey"
SENDER = "stripe"  # its name with the courier
# Fields that objects are asked for by often enough to be found without looking at all of them.
INDEXED = frozenset(
    ("charge", "customer", "invoice", "lookup_key", "payment_intent", "subscription", "test_clock")
)

# The API request under way; its ids are in the events it causes. Outside of one, nulls.
AUTOMATIC: Mapping[str, str | None] = {"id": None, "idempotency_key": None}
CAUSE: ContextVar[Mapping[str, str | None]] = ContextVar("CAUSE", default=AUTOMATIC)


@dataclass
class Account:
    """Objects are kept under the name in their `object` field."""

    store: Store
    clock: Clock
    courier: Courier
    public_url: str = ""

    def now(self) -> int:
        return self.clock.now()

    def save(self, document: Document) -> Document:
        self.store.put(document["object"], document["id"], document)
        return document

    def get(self, kind: str, id_: str, *, param: str = "id") -> Document:
        """An object that is there and was not deleted; else Stripe's "No such …"."""
        found = self.find(kind, id_)
        if found is None or found.get("deleted"):
            raise errors.no_such(kind, id_, param=param)
        return found

    def find(self, kind: str, id_: str) -> Document | None:
        return self.store.get(kind, id_)

    def all(self, kind: str, **wanted: Any) -> list[Document]:
        """Objects whose fields are as given, oldest first, deleted ones left out."""

        def fits(document: Document) -> bool:
            return not document.get("deleted") and all(
                document.get(name) == value for name, value in wanted.items()
            )

        for name in INDEXED & wanted.keys():
            if isinstance(wanted[name], str):
                return self.store.having(kind, name, wanted[name], fits)
        return self.store.find(kind, fits)

    def soonest(self, kind: str) -> tuple[int, Document] | None:
        """What is due first of a kind, and when, by the clock that is being followed."""
        return self.store.soonest(kind, self.clock.test_clock)

    @contextmanager
    def time_of(self, document: Document | None) -> Iterator[None]:
        """Stand where the test clock of an object, or of its customer, stands, if it has one."""
        id_ = self._test_clock(document or {})
        clock = self.find("test_helpers.test_clock", id_) if id_ else None
        if clock is None or clock.get("deleted") or self.clock.test_clock:
            yield
            return
        with self.clock.standing_at(clock["frozen_time"], id_):
            yield

    def _test_clock(self, document: Document) -> str | None:
        if document.get("test_clock"):
            return str(document["test_clock"])
        customer = self.find("customer", str(document.get("customer")))
        return customer.get("test_clock") if customer else None

    def emit(self, type_: str, subject: Document, before: Document | None = None) -> str:
        """Make an event of what an object is now, and post it to whoever listens; its id."""
        listeners = [e for e in self.all("webhook_endpoint", status="enabled") if _hears(e, type_)]
        data: dict[str, Any] = {"object": subject}
        if before is not None:
            data["previous_attributes"] = changed(before, subject)
        event: Document = {
            "id": ids.new("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": len(listeners),
            "request": dict(CAUSE.get()),
            "type": type_,
        }
        self._publish(event, listeners)
        if self.courier.faults.happens(self.courier.faults.webhooks.twins):
            self._publish({**event, "id": ids.new("evt")}, listeners)
        return str(event["id"])

    def _publish(self, event: Document, listeners: list[Document]) -> None:
        self.save(event)
        for endpoint in listeners:
            self.courier.post(
                SENDER,
                url=endpoint["url"],
                secret=endpoint["secret"],
                endpoint=endpoint["id"],
                event=event["id"],
                body=json.dumps({**event, "api_version": endpoint["api_version"] or API_VERSION}),
            )


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The earlier values of what changed, tables compared inside, as in `previous_attributes`."""
    earlier: dict[str, Any] = {}
    for name in before.keys() | after.keys():
        was, is_ = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(is_, dict):
            inside = changed(was, is_)
            if inside:
                earlier[name] = inside
        elif was != is_:
            earlier[name] = was
    return earlier


def _hears(endpoint: Document, type_: str) -> bool:
    return "*" in endpoint["enabled_events"] or type_ in endpoint["enabled_events"]
