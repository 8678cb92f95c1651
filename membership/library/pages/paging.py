"""A long list, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import abort, request

T = TypeVar("T")
LENGTH = 20


@dataclass(frozen=True)
class Page(Generic[T]):
    """`number` counts from 1 to `last`."""

    items: Sequence[T]
    number: int
    last: int

    @property
    def older(self) -> int | None:
        return self.number + 1 if self.number < self.last else None

    @property
    def newer(self) -> int | None:
        return self.number - 1 if self.number > 1 else None


def asked_for() -> int:
    """The page somebody wants: ?page=2. What is no page is not found."""
    told = request.args.get("page", "1")
    if not told.isascii() or not told.isdecimal() or len(told) > 6 or int(told) < 1:
        abort(404)
    return int(told)


def page(items: Sequence[T]) -> Page[T]:
    """Of all of them, those that are asked for."""
    number = asked_for()
    start = (number - 1) * LENGTH
    return of(items[start : start + LENGTH], number, len(items))


def of(items: Sequence[T], number: int, count: int, length: int = LENGTH) -> Page[T]:
    """A page that was cut already, out of `count`. The first may be empty, no other one."""
    last = max(1, -(-count // length))
    if number > last:
        abort(404)
    return Page(items, number, last)
