"""Everything the site answers to a GET: every route, and wherever links lead from there.

What one person finds is tried by all the others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import UUID

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import (
    AnyConverter,
    BaseConverter,
    FloatConverter,
    IntegerConverter,
    Map,
    MapAdapter,
    PathConverter,
    Rule,
    UUIDConverter,
)

from membership import config
from membership.paywall_check.people import Person

MOST_QUERIES = 20  # of one route: lists have pages, and every page a way back
MOST_BYTES = 5_000_000  # of one answer that are read
_LINK = re.compile(r"""\b(?:href|src|action)=["']([^"'#]+)""")
_QUOTED = re.compile(r"""["'](/[^"'#\s<>]+)""")  # in other attributes, in scripts and JSON
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_ACTION = re.compile(r"""action=["']([^"']*)["']""")
_SEARCHED = re.compile(
    r"""<input\b(?=[^>]*type=["'](?:search|text)["'])[^>]*name=["']([^"']+)["']"""
)
_LOC = re.compile(r"<loc>([^<]+)</loc>")
_TEXT = ("text/", "application/json", "application/xml", "application/atom+xml", "image/svg+xml")
_MADE_UP: dict[type[BaseConverter], Any] = {
    IntegerConverter: 1,
    FloatConverter: 1.0,
    PathConverter: "made/up",
    UUIDConverter: UUID(int=0),
}


@dataclass(frozen=True)
class Answer:
    """`text` is empty where the answer is no text; then `bytes_read` is what could be read of it as
    letters."""

    address: str
    person: Person
    status: int
    headers: Headers
    text: str
    bytes_read: str = ""

    @property
    def said(self) -> str:
        """Everything in it, headers too."""
        return "\n".join([*self.headers.values(), self.text, self.bytes_read])

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400 or self.is_way_in

    @property
    def is_way_in(self) -> bool:
        return 300 <= self.status < 400

    @property
    def kept_by_others(self) -> bool:
        """Whether a cache on the way, or a browser's Back button, may show it to somebody else."""
        control = self.headers.get("Cache-Control", "")
        return "no-store" not in control and "private" not in control


def crawl(trial: Flask, people: Sequence[Person], known: Iterable[str]) -> Iterator[Answer]:
    """From every route and these known addresses; routes with a part that nobody fills get a
    made-up one."""
    urls = trial.url_map.bind("")
    queue = list(dict.fromkeys([*known, *_of_routes(trial.url_map, urls)]))
    seen, queries = set(queue), Counter[str]()
    for person in people:
        if person.feed:
            yield ask(person, person.feed)
    browsers = [person for person in people if not person.feed]
    for address in queue:  # it grows
        for person in browsers:
            answer = ask(person, address)
            yield answer
            for found in _leads_to(answer):
                rule = _rule_of(urls, found)
                if found in seen or rule is None:
                    continue
                if "?" in found:
                    queries[rule.rule] += 1
                    if queries[rule.rule] > MOST_QUERIES:
                        continue
                seen.add(found)
                queue.append(found)


def searches(answer: Answer) -> Iterator[str]:
    """What a search on this page asks for, up to the words: /search?q="""
    for form, fields in FORM.findall(answer.text):
        asked = _ACTION.search(form)
        name = _SEARCHED.search(fields)
        if asked and name and "post" not in form.lower():
            yield f"{unescape(asked[1])}?{name[1]}="


def ask(
    person: Person,
    address: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
) -> Answer:
    """As their browser would."""
    answer = person.client.open(
        address, method=method, headers=headers, data=data, base_url=config.current().site_url
    )
    with answer:
        found = _letters(answer.iter_encoded())
        is_text = (answer.mimetype or "").startswith(_TEXT)
        text, other = (found, "") if is_text else ("", found)
        return Answer(address, person, answer.status_code, answer.headers, text, other)


def files(trial: Flask) -> Iterator[str]:
    """Addresses of what lies in the static folders: a script may fetch what no page links to."""
    for place in (trial, *trial.blueprints.values()):
        if place.static_folder and place.static_url_path:
            prefix = getattr(place, "url_prefix", None) or ""
            for path in sorted(Path(place.static_folder).rglob("*")):
                if path.is_file():
                    name = path.relative_to(place.static_folder).as_posix()
                    yield f"{prefix}{place.static_url_path}/{quote(name)}"


def posted_to(trial: Flask) -> Iterator[str]:
    """The address of each route that takes a POST."""
    urls = trial.url_map.bind("")
    return (_address(urls, rule) for rule in _taking("POST", trial.url_map))


def guarded(trial: Flask, method: str = "GET") -> Iterator[tuple[str, str]]:
    """The address of each route behind `@requires`, and its feature."""
    urls = trial.url_map.bind("")
    for rule in _taking(method, trial.url_map):
        feature = getattr(trial.view_functions[rule.endpoint], "requires", None)
        if feature:
            yield _address(urls, rule), feature


def _letters(pieces: Iterable[bytes]) -> str:
    read = b""
    for piece in pieces:
        read += piece
        if len(read) > MOST_BYTES:
            break
    return read.decode(errors="ignore")


def _of_routes(url_map: Map, urls: MapAdapter) -> Iterator[str]:
    return (_address(urls, rule) for rule in _taking("GET", url_map))


def _taking(method: str, url_map: Map) -> Iterator[Rule]:
    return (rule for rule in url_map.iter_rules() if method in (rule.methods or ()))


def _address(urls: MapAdapter, rule: Rule) -> str:
    return urls.build(rule.endpoint, {name: _made_up(rule, name) for name in rule.arguments})


def _made_up(rule: Rule, name: str) -> Any:
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return _MADE_UP.get(type(converter), "made-up")


def _rule_of(urls: MapAdapter, address: str) -> Rule | None:
    try:
        return urls.match(urlsplit(address).path, return_rule=True)[0]
    except HTTPException:
        return None


def _leads_to(answer: Answer) -> Iterator[str]:
    """Addresses of this site that the answer names."""
    site = config.current().site_url
    here = urljoin(site, answer.address)
    named = [found for sort in (_LINK, _QUOTED, _LOC) for found in sort.findall(answer.text)]
    if answer.headers.get("Location"):
        named.append(answer.headers["Location"])
    for link in named:
        whole = urljoin(here, unescape(link)).partition("#")[0]
        if whole.startswith(f"{site}/"):
            yield whole.removeprefix(site)
