"""Light, dark, or as the system has it: kept in a cookie, said by the server on <html>.

The choice is nobody's secret and changes nothing else, so its form needs no token; one would give
every visitor of every page a session. Forms of other sites are refused all the same (origins.py).
"""

from urllib.parse import unquote

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as Answer

from membership import config
from membership.accounts import destinations
from membership.extensions import csrf

bp = Blueprint("theme", __name__)

SYSTEM = "system"
CHOICES = {SYSTEM: "System", "light": "Light", "dark": "Dark"}
KEPT_FOR = 365 * 24 * 3600  # seconds
ICON_KEPT_FOR = 24 * 3600  # seconds
SWITCH = "colours"  # its id on the page


@bp.post("/theme")
@csrf.exempt
def choose() -> ResponseReturnValue:
    """Back to the page they were on, at the switch; what is no choice changes nothing."""
    back = destinations.here(request.form.get("back")) or url_for("pages.home")
    answer = redirect(f"{back.partition('#')[0]}{_asked_of(back)}#{SWITCH}", 303)
    _keep(answer, request.form.get("theme", ""))
    return answer


@bp.get("/favicon.svg")
def icon() -> Response:
    """In the site's own colours; the same for everybody."""
    # Not render_template: it would look up who asks.
    template = current_app.jinja_env.get_template("pages/favicon.svg")
    answer = Response(template.render(), mimetype="image/svg+xml")
    answer.cache_control.public = True
    answer.cache_control.max_age = ICON_KEPT_FOR
    return answer


def chosen() -> str:
    """One of CHOICES."""
    kept = request.cookies.get(_name(), "")
    return kept if kept in CHOICES else SYSTEM


def way_back() -> str:
    """This page's address, or the front page's when it can only be had by sending a form.

    Without its query, which no page should repeat: the browser says that itself.
    """
    rule = request.url_rule
    if rule and "GET" not in (rule.methods or ()):
        return url_for("pages.home")
    return request.path


def _asked_of(page: str) -> str:
    """The query with which the browser had this page open, from its ? on."""
    address, mark, query = (request.referrer or "").partition("#")[0].partition("?")
    is_it = unquote(address) == config.current().site_url + page
    return mark + query if is_it and destinations.here(page + mark + query) else ""


def _keep(answer: Answer, theme: str) -> None:
    https = config.current().https
    if theme == SYSTEM:
        answer.delete_cookie(_name(), secure=https, httponly=True, samesite="Lax")
    elif theme in CHOICES:
        answer.set_cookie(
            _name(), theme, max_age=KEPT_FOR, secure=https, httponly=True, samesite="Lax"
        )


def _name() -> str:
    return "__Host-theme" if config.current().https else "theme"
