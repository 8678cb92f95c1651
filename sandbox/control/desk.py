"""What every page of the control room stands on: what it shows, and how it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from sandbox.clock import Clock
from sandbox.courier import Courier
from sandbox.knobs import Knobs
from sandbox.mailerlite.lists import Lists
from sandbox.store import Store
from sandbox.stripe.account import Account

HOME = "/control"
# Knobs that are how an account is set up, and no faults.
SETTINGS = ("after_retries", "double_opt_in", "mailerlite_plan")


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
        return {name: value for name, value in self.knobs.read().items() if name not in SETTINGS}

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


def told() -> Any:
    """What is in the body of a program's request; None when it cannot be read."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def back(default: str = HOME) -> Response:
    """To the page a form was on; only pages of the control room are believed."""
    place = request.form.get("back", "")
    return redirect(place if _is_ours(place) else default, code=303)


def _is_ours(place: str) -> bool:
    ours = place == HOME or place.startswith((f"{HOME}/", f"{HOME}?"))
    return ours and place.isprintable()  # a line break would begin a header of its own
