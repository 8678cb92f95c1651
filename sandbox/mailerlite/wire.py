"""MailerLite's manners: its refusals, its two kinds of pages, its JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.store import Document

DIGITS = 18  # of a number that is worth reading
Reply = tuple[int, Any]  # a status, and what the body holds; None is an empty body


class Refusal(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def invalid(**errors: str) -> Refusal:
    """422 with what is wrong by field; `groups__0` is the field `groups.0`."""
    by_field = {name.replace("__", "."): [wrong] for name, wrong in errors.items()}
    first, *others = (wrong for wrong in errors.values())
    more = f" (and {len(others)} more error{'s' if len(others) > 1 else ''})" if others else ""
    return Refusal(422, {"message": first + more, "errors": by_field})


def no_such(model: str, id_: str = "") -> Refusal:
    named = f"No query results for model [App\\Models\\{model}]"
    return Refusal(404, {"message": f"{named} {id_}" if id_ else f"{named}."})


@dataclass(frozen=True)
class Call:
    """A request: what is in its body and its query. `url` is its address without the query."""

    body: dict[str, Any]
    query: Mapping[str, str]
    url: str

    def number(self, name: str, default: int, most: int) -> int:
        value = self.query.get(name)
        if value is None:
            return default
        if not value.isdecimal() or len(value) > DIGITS:
            raise invalid(**{name: f"The {name} must be an integer."})
        return min(int(value), most)


def dumped(body: Any) -> str:
    """As PHP writes JSON: slashes escaped, nothing beyond ASCII."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/")


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def by_page(call: Call, documents: Sequence[Document], usual: int) -> Reply:
    size = max(1, call.number("limit", usual, 1000))
    current = max(1, call.number("page", 1, 10**6))
    last = max(1, -(-len(documents) // size))
    start = (current - 1) * size
    data = list(documents[start : start + size])
    return 200, {
        "data": data,
        "links": {
            "first": f"{call.url}?page=1",
            "last": f"{call.url}?page={last}",
            "prev": f"{call.url}?page={current - 1}" if current > 1 else None,
            "next": f"{call.url}?page={current + 1}" if current < last else None,
        },
        "meta": {
            "current_page": current,
            "from": start + 1 if data else None,
            "last_page": last,
            "links": [],
            "path": call.url,
            "per_page": size,
            "to": start + len(data) if data else None,
            "total": len(documents),
        },
    }


def by_cursor(call: Call, documents: Sequence[Document], usual: int) -> Reply:
    """The cursor is the id of the last one seen."""
    size = max(1, call.number("limit", usual, 1000))
    cursor = call.query.get("cursor")
    known = [document["id"] for document in documents]
    start = known.index(cursor) + 1 if cursor in known else 0
    data = list(documents[start : start + size])
    following = data[-1]["id"] if start + size < len(documents) else None
    before = known[start - size - 1] if start > size else None
    return 200, {
        "data": data,
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
