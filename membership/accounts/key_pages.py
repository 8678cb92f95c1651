"""Pages whose address is a key, as those that links in mail lead to."""

from flask import make_response
from flask.wrappers import Response


def telling_nobody(page: str, status: int = 200) -> Response:
    """No other page is told where somebody came from, and nothing keeps this one."""
    answer = make_response(page, status)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer
