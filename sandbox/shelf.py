"""Documents of one kind, found by id, by a field, in their order, or by their hour.

Nothing here copies and nothing locks: that is the store's work.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
# Which clock a document goes by (None: the sandbox's own), and when it is due; None: never.
Hour = tuple[str | None, int | None]


class Shelf:
    """Every method but `index` and `time` costs no more than what it gives back."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self._order: list[str | None] = []  # ids, oldest first; None where one was removed
        self._places: dict[str, int] = {}
        self._fields: dict[str, dict[Any, dict[str, None]]] = {}
        self._when: Callable[[Document], Hour] | None = None
        self._hours: dict[str, Hour] = {}
        self._heaps: dict[str | None, list[tuple[int, str]]] = {}

    def put(self, id_: str, document: Document) -> None:
        before = self.documents.get(id_)
        if before is None:
            self._places[id_] = len(self._order)
            self._order.append(id_)
        for field, index in self._fields.items():
            if before is not None and before.get(field) != document.get(field):
                index.get(_key(before, field), {}).pop(id_, None)
            index.setdefault(_key(document, field), {})[id_] = None
        self.documents[id_] = document
        self._set_hour(id_, document)

    def remove(self, id_: str) -> None:
        document = self.documents.pop(id_, None)
        if document is None:
            return
        self._order[self._places.pop(id_)] = None
        self._hours.pop(id_, None)
        for field, index in self._fields.items():
            index.get(_key(document, field), {}).pop(id_, None)

    def having(self, field: str, value: Any) -> list[Document]:
        """Documents with that value in that field, oldest first."""
        if field not in self._fields:
            self._index(field)
        ids = sorted(self._fields[field].get(value, {}), key=self._places.__getitem__)
        return [self.documents[id_] for id_ in ids]

    def beyond(self, id_: str | None, *, newer: bool) -> Iterator[Document]:
        """From one document on, itself left out, towards the newer or the older ones."""
        last = len(self._order)
        if newer:
            places = range(self._places[id_] + 1 if id_ else 0, last)
        else:
            places = range((self._places[id_] if id_ else last) - 1, -1, -1)
        for place in places:
            found = self._order[place]
            if found is not None:
                yield self.documents[found]

    def time(self, when: Callable[[Document], Hour]) -> None:
        """Tell what says when a document is due."""
        self._when = when
        for id_, document in self.documents.items():
            self._set_hour(id_, document)

    def soonest(self, clock: str | None) -> tuple[int, Document] | None:
        """The document of a clock that is due first, and when."""
        heap = self._heaps.get(clock, [])
        while heap:
            at, id_ = heap[0]
            if self._hours.get(id_) == (clock, at):
                return at, self.documents[id_]
            heapq.heappop(heap)  # it has been put off, or is gone
        return None

    def _index(self, field: str) -> None:
        index: dict[Any, dict[str, None]] = {}
        for id_, document in self.documents.items():
            index.setdefault(_key(document, field), {})[id_] = None
        self._fields[field] = index

    def _set_hour(self, id_: str, document: Document) -> None:
        if self._when is None:
            return
        clock, at = hour = self._when(document)
        if hour != self._hours.get(id_):
            self._hours[id_] = hour
            if at is not None:
                heapq.heappush(self._heaps.setdefault(clock, []), (at, id_))


def _key(document: Document, field: str) -> Any:
    value = document.get(field)
    return value if isinstance(value, str) else None
