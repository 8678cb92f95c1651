"""MailerLite's manners: its refusals, its JSON, its times."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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

    def one_of(self, name: str, known: Collection[str]) -> str | None:
        """What a filter asks for; None when it is not there."""
        value = self.query.get(f"filter[{name}]")
        if value is not None and value not in known:
            raise invalid(**{f"filter__{name}": f"The selected filter.{name} is invalid."})
        return value

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
