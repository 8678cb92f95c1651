"""Whole addresses of this site, made from SITE_URL and never from a Host header."""

from typing import Any

from flask import url_for

from membership import config


def whole(endpoint: str, **values: Any) -> str:
    settings = config.current()
    return settings.site_url + url_for(endpoint, _external=False, **values)
