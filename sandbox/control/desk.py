"""What every page of the control room stands on: what it shows, and how it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.knobs import Knobs
from sandbox.mailerlite.lists import Lists
from sandbox.store import Document, Store
from sandbox.stripe.account import Account

HOME = "/control"
SIZE = 50
SETTING = "after_retries"  # a knob that is how an account is set up, and no fault


@dataclass
class Desk:
    """`next_renewal` tells when the next of a customer's (None: of anybody's) subscriptions is."""

    account: Account
    lists: Lists
    knobs: Knobs
    next_renewal: Callable[[str | None], int | None]
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._well = self._faults()

    @property
    def troubled(self) -> bool:
        """Whether any knob is turned that makes something fail."""
        return self._faults() != self._well

    def _faults(self) -> dict[str, Any]:
        return {name: value for name, value in self.knobs.read().items() if name != SETTING}

    @property
    def store(self) -> Store:
        return self.account.store

    @property
    def clock(self) -> Clock:
        return self.account.clock

    @property
    def courier(self) -> Courier:
        return self.account.courier

    def say(self, notice: str) -> None:
        """Shown at the top of the next page, once."""
        self.notices.append(notice)

    def said(self) -> list[str]:
        said, self.notices = self.notices, []
        return said


def back(default: str = HOME) -> Response:
    """To the page a form was on; only pages of the control room are believed."""
    place = request.form.get("back", "")
    return redirect(place if _is_ours(place) else default, code=303)


def _is_ours(place: str) -> bool:
    return place == HOME or place.startswith((f"{HOME}/", f"{HOME}?"))


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
