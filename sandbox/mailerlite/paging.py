"""MailerLite's two kinds of pages: numbered ones, and those from a cursor on."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.mailerlite.wire import Call, Reply, invalid
from sandbox.store import Document, Store, Wanted

MOST = 1000  # on one page


def by_page(call: Call, documents: Sequence[Document], usual: int) -> Reply:
    size = max(1, call.number("limit", usual, MOST))
    current = max(1, call.number("page", 1, 10**6))
    last = max(1, -(-len(documents) // size))
    start = (current - 1) * size
    data = list(documents[start : start + size])

    def page(number: int) -> str | None:
        return f"{call.url}?page={number}" if 1 <= number <= last else None

    return 200, {
        "data": data,
        "links": {
            "first": page(1),
            "last": page(last),
            "prev": page(current - 1),
            "next": page(current + 1),
        },
        "meta": {
            "current_page": current,
            "from": start + 1 if data else None,
            "last_page": last,
            "links": [
                {"url": page(current - 1), "label": "&laquo; Previous", "active": False},
                {"url": page(current), "label": str(current), "active": True},
                {"url": page(current + 1), "label": "Next &raquo;", "active": False},
            ],
            "path": call.url,
            "per_page": size,
            "to": start + len(data) if data else None,
            "total": len(documents),
        },
    }


@dataclass(frozen=True)
class Cursor:
    """A place in a list: after (or, to go back, before) somebody with this id."""

    id: str
    onward: bool

    def told(self) -> str:
        said = {"id": int(self.id), "_pointsToNextItems": self.onward}
        encoded = base64.urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode())
        return encoded.decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        try:
            said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(str(int(said["id"])), bool(said["_pointsToNextItems"]))
        except (ValueError, TypeError, KeyError):
            raise invalid(cursor="The cursor is invalid.") from None


def by_cursor(
    call: Call, store: Store, wanted: Wanted, shown: Callable[[Document], Any], usual: int
) -> Reply:
    """Subscribers, newest first. Who is passed already stays passed, whoever comes or goes."""
    size = max(1, call.number("limit", usual, MOST))
    asked = call.query.get("cursor")
    cursor = Cursor.read(asked) if asked else None
    found = _beside(store, cursor, wanted, size + 1)
    more, data = len(found) > size, found[:size]
    onward = cursor is None or cursor.onward
    if not onward:
        data.reverse()
    following = Cursor(data[-1]["id"], True).told() if data and (more or not onward) else None
    before = Cursor(data[0]["id"], False).told() if data and cursor and (more or onward) else None
    return 200, {
        "data": [shown(each) for each in data],
        "links": {
            "first": None,
            "last": None,
            "prev": f"{call.url}?cursor={before}" if before else None,
            "next": f"{call.url}?cursor={following}" if following else None,
        },
        "meta": {
            "path": call.url,
            "per_page": size,
            "next_cursor": following,
            "prev_cursor": before,
        },
    }


def _beside(store: Store, cursor: Cursor | None, wanted: Wanted, most: int) -> list[Document]:
    """Nearest first. By the id alone when its owner is gone: ids grow with time."""
    if cursor is None:
        return store.beyond("subscriber", None, newer=False, most=most, wanted=wanted)
    newer, passed = not cursor.onward, int(cursor.id)
    if store.get("subscriber", cursor.id):
        return store.beyond("subscriber", cursor.id, newer=newer, most=most, wanted=wanted)

    def beyond(document: Document) -> bool:
        return (int(document["id"]) > passed) == newer and wanted(document)

    return store.beyond("subscriber", None, newer=newer, most=most, wanted=beyond)
