"""What a route of the API is: each module of objects lists its own, `api` puts them together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.store import Document
from sandbox.stripe.params import EXPAND, PAGE, Table

Params = dict[str, Any]
# Takes the account, the parameters read, and the ids in the address in their order.
Act = Callable[..., Document]


@dataclass(frozen=True, eq=False)
class Route:
    """`path` is a rule of Flask's, below `/v1`."""

    method: str
    path: str
    act: Act
    takes: Table = field(default_factory=dict)

    @property
    def table(self) -> Table:
        return {**self.takes, **EXPAND}


def get(path: str, act: Act) -> Route:
    return Route("GET", path, act)


def index(path: str, act: Act, takes: Table | None = None) -> Route:
    """A list: pages, and what it is filtered by."""
    return Route("GET", path, act, {**PAGE, **(takes or {})})


def post(path: str, act: Act, takes: Table | None = None) -> Route:
    return Route("POST", path, act, takes or {})


def delete(path: str, act: Act, takes: Table | None = None) -> Route:
    return Route("DELETE", path, act, takes or {})
