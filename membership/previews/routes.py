"""Every mail at once, for whoever changes how they look. Only where the sandbox's clock is set, and
so only on somebody's own machine: elsewhere there are no such pages."""

import re

from flask import Blueprint, Response, make_response, render_template
from werkzeug.exceptions import NotFound

from membership import clock, outbox
from membership.outbox import Mail
from membership.previews.samples import Context, samples

bp = Blueprint("previews", __name__)
_DARK = "@media (prefers-color-scheme: dark)"
LOOKS = {"light": "@media not all", "dark": "@media all"}
# Mails have their styles where they are used; a page of ours may not.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
_FRAMES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'"
)


@bp.get("/dev/mails")
def index() -> Response:
    mails = {name: _drawn(name, context) for name, context in samples(clock.now()).items()}
    answer = make_response(render_template("previews/index.html", mails=mails))
    answer.headers["Content-Security-Policy"] = _FRAMES
    return answer


@bp.get("/dev/mails/<package>/<name>/<any(light, dark):look>")
def mail(package: str, name: str, look: str) -> Response:
    """As a mail program shows it that is set to light, or to dark."""
    context = samples(clock.now()).get(f"{package}/{name}")
    if context is None:
        raise NotFound
    html = _drawn(f"{package}/{name}", context).html.replace(_DARK, LOOKS[look])
    answer = make_response(html.replace("light dark", look))
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _drawn(name: str, context: Context) -> Mail:
    package, _, name = name.partition("/")
    template = f"{package}/email/{name}"
    drawn = outbox.draw("", text=f"{template}.txt", html=f"{template}.html", **context)
    title = re.search(r"<title>(.*?)</title>", drawn.html, re.DOTALL)
    return Mail(title[1] if title else name, drawn.text, drawn.html)
