"""One MailerLite account: what it keeps, how it shows it, and whom it tells."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import randbelow
from typing import Any

from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.mailbox import Mailbox
from sandbox.mailerlite import deliveries
from sandbox.mailerlite.tally import Tally
from sandbox.mailerlite.wire import moment
from sandbox.store import Document, Store

DEFAULT_FIELDS = {
    "name": "Name",
    "last_name": "Last name",
    "company": "Company",
    "country": "Country",
    "city": "City",
    "phone": "Phone",
    "state": "State",
    "z_i_p": "Zip",
}
BEGINNING = 1_600_000_000  # when ids were small, in unix seconds
PER_SECOND = 1000 << 20
SETTINGS = "list_settings"
NOTHING = {"float": 0, "string": "0%"}


@dataclass
class Lists:
    store: Store
    clock: Clock
    courier: Courier
    mailbox: Mailbox
    code_group: str
    public_url: str = ""
    _last_id: int = 0
    _said: list[deliveries.Said] | None = None
    _tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        for number, (key, name) in enumerate(DEFAULT_FIELDS.items(), 1):
            if not self.store.get("field", str(number)):
                default = {"id": str(number), "name": name, "key": key, "type": "text"}
                self.store.put("field", default["id"], {**default, "is_default": True})
        self._tally = Tally(self.store.find("subscriber"))

    def now(self) -> str:
        return moment(self.clock.now())

    def new_id(self) -> str:
        """More digits than a JavaScript number holds; each is greater than those before it."""
        with self.store.lock:
            ticks = (self.clock.now() - BEGINNING) * PER_SECOND + randbelow(PER_SECOND)
            self._last_id = ticks if ticks > self._last_id else self._last_id + 1 + randbelow(9999)
            return str(self._last_id)

    def setting(self, name: str, default: Any) -> Any:
        """How the account is set up on MailerLite's own pages; kept over a restart."""
        return (self.store.get(SETTINGS, SETTINGS) or {}).get(name, default)

    def set_up(self, name: str, value: Any) -> None:
        with self.store.lock:
            kept = self.store.get(SETTINGS, SETTINGS) or {}
            self.store.put(SETTINGS, SETTINGS, {**kept, name: value})

    def by_email(self, email: str) -> Document | None:
        return next(iter(self.store.having("subscriber", "email", email)), None)

    def write(self, subscriber: Document) -> None:
        with self.store.lock:
            self._forget_count(subscriber["id"])
            self._tally.add(subscriber)
            self.store.put("subscriber", subscriber["id"], subscriber)

    def erase(self, subscriber: Document) -> None:
        with self.store.lock:
            self._forget_count(subscriber["id"])
            self.store.remove("subscriber", subscriber["id"])

    def _forget_count(self, subscriber_id: str) -> None:
        before = self.store.get("subscriber", subscriber_id)
        if before:
            self._tally.take(before)

    def shown(self, subscriber: Document) -> Document:
        """A subscriber as the API gives it: every field, and whole groups."""
        groups = [self.store.get("group", id_) for id_ in subscriber["groups"]]
        return {
            **subscriber,
            "fields": self.fields_of(subscriber),
            "groups": [self.group_shown(group) for group in groups if group],
        }

    def shown_in_list(self, subscriber: Document) -> Document:
        """The same without groups."""
        shown = {**subscriber, "fields": self.fields_of(subscriber)}
        del shown["groups"]
        return shown

    def fields_of(self, subscriber: Document) -> dict[str, Any]:
        """Every field of the account; None where the subscriber has nothing in it."""
        keys = [each["key"] for each in self.store.find("field")]
        return {key: subscriber["fields"].get(key) for key in keys}

    def group_shown(self, group: Document) -> Document:
        """A group with its counts."""
        counts = {
            f"{status}_count": self._tally.of(group["id"], status)
            for status in ("active", "unsubscribed", "unconfirmed", "bounced", "junk")
        }
        return {
            "id": group["id"],
            "name": group["name"],
            **counts,
            "sent_count": group.get("sent", 0),
            "opens_count": 0,
            "open_rate": NOTHING,
            "clicks_count": 0,
            "click_rate": NOTHING,
            "created_at": group["created_at"],
        }

    @contextmanager
    def one_act(self) -> Iterator[list[deliveries.Said]]:
        """What is said meanwhile is told afterwards: to who takes batches, in one of them."""
        with self.store.lock:
            if self._said is not None:
                yield self._said
                return
            self._said = []
            try:
                yield self._said
            finally:
                said, self._said = self._said, None
                deliveries.tell(self.store, self.courier, said)

    def announce(self, name: str, subscriber: Document, **about: Document) -> None:
        """About a subscriber, and a group or an automation."""
        if not deliveries.is_awaited(self.store, name):
            return
        self.tell(name, deliveries.about(name, self.shown_in_list(subscriber), about))

    def tell(self, name: str, body: dict[str, Any]) -> None:
        with self.one_act() as said:
            said.append((name, body))
