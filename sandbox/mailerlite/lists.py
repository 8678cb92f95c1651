"""One MailerLite account: what it keeps, and what happens by itself when something is written."""

from dataclasses import dataclass

from sandbox import ids
from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.mailbox import Mailbox
from sandbox.mailerlite import deliveries
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


@dataclass
class Lists:
    store: Store
    clock: Clock
    courier: Courier
    mailbox: Mailbox
    code_group: str
    public_url: str = ""

    def __post_init__(self) -> None:
        for number, (key, name) in enumerate(DEFAULT_FIELDS.items(), 1):
            if not self.store.get("field", str(number)):
                field = {"id": str(number), "name": name, "key": key, "type": "text"}
                self.store.put("field", field["id"], {**field, "is_default": True})

    def now(self) -> str:
        return moment(self.clock.now())

    def new_id(self) -> str:
        """More digits than a JavaScript number holds, as the real ones have."""
        return ids.digits(18)

    def shown(self, subscriber: Document) -> Document:
        """A subscriber as the API gives it: every field, and whole groups."""
        keys = [field["key"] for field in self.store.find("field")]
        groups = [self.store.get("group", id_) for id_ in subscriber["groups"]]
        return {
            **subscriber,
            "fields": {key: subscriber["fields"].get(key) for key in keys},
            "groups": [self.group_shown(group) for group in groups if group],
        }

    def group_shown(self, group: Document) -> Document:
        """A group with its counts."""
        inside = self.store.find("subscriber", lambda s: group["id"] in s["groups"])
        counts = dict.fromkeys(("active", "unsubscribed", "unconfirmed", "bounced", "junk"), 0)
        for subscriber in inside:
            counts[subscriber["status"]] += 1
        nothing = {"float": 0, "string": "0%"}
        return {
            "id": group["id"],
            "name": group["name"],
            "active_count": counts["active"],
            "sent_count": 0,
            "opens_count": 0,
            "open_rate": nothing,
            "clicks_count": 0,
            "click_rate": nothing,
            "unsubscribed_count": counts["unsubscribed"],
            "unconfirmed_count": counts["unconfirmed"],
            "bounced_count": counts["bounced"],
            "junk_count": counts["junk"],
            "created_at": group["created_at"],
        }

    def announce(self, name: str, subscriber: Document, **about: Document) -> None:
        shown = {k: v for k, v in self.shown(subscriber).items() if k != "groups"}
        deliveries.announce(self.store, self.courier, name, shown, **about)
