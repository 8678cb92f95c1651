"""Addresses in templates: a page has a dozen, they never change, and building each anew costs more
than the words between them."""

from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request


def init_app(app: Flask) -> None:
    @lru_cache(maxsize=10_000)
    def built(_mounted_at: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if not has_request_context() or endpoint.startswith(".") or "_external" in values:
            return app.url_for(endpoint, **values)
        return built(request.script_root, endpoint, tuple(values.items()))

    app.jinja_env.globals["url_for"] = url_for
