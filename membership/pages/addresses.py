"""Addresses in templates: a page has two dozen, they never change, and building each anew costs
more than the words between them.

Those that say all they need in the template (`url_for("billing.plans")`) are built when it is
compiled, and stand in it as text; the others are remembered. The site stands at the top of its
host (SITE_URL has no path), so an address is the same for every request, unless somebody adds a
`url_defaults` function: then Flask builds them all, each time. Who keeps compiled templates on the
disk (Jinja's bytecode cache) has to empty it when addresses change.
"""

import re
from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context
from flask.sansio.app import App
from flask.templating import Environment as FlasksEnvironment
from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from werkzeug.routing import BuildError

NAME = "url_for"
LONGEST = 80  # characters of a value
# In a mail Flask's `url_for` says the whole address, host and all.
LETTERS = re.compile(r"(^|/)email/|^_mail")


class Environment(FlasksEnvironment):
    def compile(
        self,
        source: Any,
        name: str | None = None,
        filename: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if isinstance(source, str):
            source = self.parse(source, name, filename)
        if not LETTERS.search(name or "") and not self.app.url_default_functions:
            source = _Built(self.app).visit(source)
        return super().compile(source, name, filename, *args, **kwargs)


class _Built(NodeTransformer):
    """Puts addresses in the place of the calls that ask for them."""

    def __init__(self, app: App) -> None:
        self.app = app

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja looks for this name)
        self.generic_visit(call)
        if not isinstance(call.node, nodes.Name) or call.node.name != NAME:
            return call
        try:
            endpoint, *rest = (each.as_const() for each in call.args)
            values = dict(each.as_const() for each in call.kwargs)
            if rest or call.dyn_args or call.dyn_kwargs or not _says_all(endpoint, values):
                return call
            address = self.app.url_map.bind("").build(endpoint, values)
        except (nodes.Impossible, BuildError):  # told in its time, if it is ever asked for
            return call
        return nodes.Const(address, lineno=call.lineno, environment=call.environment)


def init_app(app: Flask) -> None:
    @lru_cache(maxsize=5_000)
    def built(endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if (
            app.url_default_functions
            or not has_request_context()
            or not _says_all(endpoint, values)
        ):
            return app.url_for(endpoint, **values)
        return built(endpoint, tuple(values.items()))

    app.jinja_env.globals[NAME] = url_for


def _says_all(endpoint: str, values: dict[str, Any]) -> bool:
    """It is not relative to the page it is on, and asks for nothing but a path and a query; and
    it is no long one that a visitor made up, which would be kept for nobody."""
    return not endpoint.startswith(".") and not any(
        name.startswith("_") or len(str(value)) > LONGEST for name, value in values.items()
    )
