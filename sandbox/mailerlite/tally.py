"""How many of a group there are in each status: counted once, and then kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from sandbox.store import Document


class Tally:
    def __init__(self, subscribers: Iterable[Document]) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        for subscriber in subscribers:
            self.add(subscriber)

    def add(self, subscriber: Document) -> None:
        for group_id in subscriber["groups"]:
            self._counts[group_id][subscriber["status"]] += 1

    def take(self, subscriber: Document) -> None:
        for group_id in subscriber["groups"]:
            self._counts[group_id][subscriber["status"]] -= 1

    def of(self, group_id: str, status: str) -> int:
        return self._counts[group_id][status] if group_id in self._counts else 0
