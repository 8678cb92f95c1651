"""Long lists on pages for people: fifty at a time, newest first, from one document to the next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

from sandbox.store import Document, Store

SIZE = 50


@dataclass(frozen=True)
class Page:
    """Documents newest first; `older` and `newer` are ids to go on from, None at the ends."""

    documents: list[Document]
    older: str | None
    newer: str | None


def page(
    store: Store, kind: str, wanted: Callable[[Document], bool] = bool, size: int = SIZE
) -> Page:
    """The page that the address asks for by `before` or `after`; the newest one by default."""
    before, after = (_known(store, kind, request.args.get(name)) for name in ("before", "after"))
    newer = after is not None
    cursor = after or before
    found = store.beyond(kind, cursor, newer=newer, most=size + 1, wanted=wanted)
    more, shown = len(found) > size, found[:size]
    if newer:
        shown.reverse()
    if not shown:
        return Page([], None, None)
    at_end, at_start = (True, not more) if newer else (more, cursor is None)
    return Page(
        shown,
        older=shown[-1]["id"] if at_end else None,
        newer=None if at_start else shown[0]["id"],
    )


def other_arguments(arguments: Mapping[str, str]) -> str:
    """What an address asks for besides its page, to begin another one with."""
    kept = {name: value for name, value in arguments.items() if name not in ("before", "after")}
    return f"{urlencode(kept)}&" if kept else ""


def _known(store: Store, kind: str, id_: str | None) -> str | None:
    return id_ if id_ and store.get(kind, id_) else None
