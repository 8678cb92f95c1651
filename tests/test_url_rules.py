"""Rules that compile late build what Werkzeug's own build."""

from typing import Any

import pytest
from werkzeug import routing
from werkzeug.routing import BuildError, Map

from membership import url_rules

RULES = (
    ("/posts", "posts"),
    ("/posts/<slug>", "post"),
    ("/posts/<slug>/<path:name>", "file"),
    ("/admin/people/<int:number>", "person"),
    ("/a b/<slug>", "quoted"),
)
WANTED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("posts", {}),
    ("posts", {"page": 2, "q": "a & b"}),
    ("post", {"slug": "a/b ö"}),
    ("post", {"slug": "lamps", "next": "/plans"}),
    ("post", {"slug": "lamps", "rule": "1"}),
    ("file", {"slug": "lamps", "name": "in/a folder.png"}),
    ("person", {"number": 7}),
    ("quoted", {"slug": "x"}),
    ("paged", {"number": 1}),
    ("paged", {"number": 2}),
)


def bound(rule: type[routing.Rule]) -> routing.MapAdapter:
    rules = [rule(text, endpoint=endpoint) for text, endpoint in RULES]
    with_default = rule("/archive/", endpoint="paged", defaults={"number": 1})
    paged = rule("/archive/<int:number>", endpoint="paged")
    return Map([*rules, with_default, paged]).bind("example.com")


@pytest.mark.parametrize("once_more", ["first", "again"])
def test_addresses_are_werkzeugs_own(once_more: str) -> None:
    ours, theirs = bound(url_rules.Rule), bound(routing.Rule)
    for endpoint, values in WANTED * 2:
        assert ours.build(endpoint, values) == theirs.build(endpoint, values)
        assert ours.build(endpoint, values, append_unknown=False) == theirs.build(
            endpoint, values, append_unknown=False
        )


def test_a_value_that_does_not_fit_is_refused_as_ever() -> None:
    with pytest.raises(BuildError):
        bound(url_rules.Rule).build("post", {})


def test_a_converter_of_another_application_is_not_taken_for_ours() -> None:
    class Loud(routing.BaseConverter):
        def to_url(self, value: Any) -> str:
            return str(value).upper()

    quiet = Map([url_rules.Rule("/say/<word>", endpoint="say")])
    loud = Map([url_rules.Rule("/say/<word>", endpoint="say")], converters={"default": Loud})
    assert quiet.bind("example.com").build("say", {"word": "oak"}) == "/say/oak"
    assert loud.bind("example.com").build("say", {"word": "oak"}) == "/say/OAK"


def test_nothing_is_compiled_before_it_is_asked_for() -> None:
    compiled = url_rules.Rule("/nobody/<asked>/for", endpoint="nobody")
    Map([compiled])
    assert not any("asked" in str(key) for key in url_rules._compiled)
    compiled.build({"asked": "x"})
    assert any("asked" in str(key) for key in url_rules._compiled)
