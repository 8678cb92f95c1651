"""Addresses in templates: a page has a dozen, they never change, and building each anew costs more
than the words between them."""

from functools import lru_cache
from typing import Any

from flask import Flask, request


def init_app(app: Flask) -> None:
    @lru_cache(maxsize=10_000)
    def built(_mounted_at: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint.startswith(".") or "_external" in values:
            return app.url_for(endpoint, **values)
        try:
            mounted_at = request.script_root
        except RuntimeError:  # drawn for no request: a mail
            return app.url_for(endpoint, **values)
        return built(mounted_at, endpoint, tuple(values.items()))

    app.jinja_env.globals["url_for"] = url_for
