"""Calls that are answered with one thing, with a list of them, or with nothing."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from membership.newsletter.wire.errors import NotThere, NotUnderstood, Rejected
from membership.newsletter.wire.http import Http
from membership.newsletter.wire.objects import parsed

MOST_PAGES = 100  # of a list; more than an account can have
T = TypeVar("T")


class Calls:
    """To one account. `group_ids` are those of groups by what settings may call them, as far as
    they are known: all clients of an application share them."""

    def __init__(self, http: Http, group_ids: dict[str, str]) -> None:
        self._http = http
        self._group_ids = group_ids

    def _one(
        self,
        parse: Callable[[Any], T],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        once: bool = False,
    ) -> T:
        try:
            answer = self._http.call(method, path, body, once=once)
        except Rejected:
            self._group_ids.clear()  # it may be a group that is gone
            raise
        return parsed(lambda found: parse(found["data"]), answer)

    def _all(
        self,
        parse: Callable[[Any], T],
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> list[T]:
        """A list whole, or an error; or so many pages of it."""
        found: list[T] = []
        for page in range(1, (most or MOST_PAGES) + 1):
            asked = {"limit": "100", **(query or {}), "page": str(page)}
            answer = self._http.call("GET", path, query=asked)
            found += parsed(lambda listed: [parse(each) for each in listed["data"]], answer)
            if page >= parsed(_last_page, answer):
                return found
        if most is None:
            raise NotUnderstood(f"{path} has more than {MOST_PAGES} pages")
        return found

    def _gone(self, method: str, path: str) -> None:
        """Take something away; that it was not there is as good."""
        with suppress(NotThere):
            self._http.call(method, path)


def _last_page(answer: Any) -> int:
    return int((answer.get("meta") or {}).get("last_page", 1))
