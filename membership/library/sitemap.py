"""What search engines are told: which pages there are, and where they need not look."""

from collections.abc import Callable, Iterable

from flask import Blueprint, Flask, Response, current_app, make_response, request

from membership import links
from membership.library.posts import library

bp = Blueprint("sitemap", __name__)
PAGES = ("pages.home", "library.posts", "archive.years", "archive.tags", "billing.plans")
MOST = 50_000  # addresses in one file, by the protocol
MAX_AGE = 3600  # seconds
PRIVATE = ("/account", "/admin", "/billing/", "/checkout/", "/claim", "/feed/")


def init_app(app: Flask, more: Callable[[], Iterable[str]]) -> None:
    """`more` are endpoints of public pages that are not known here."""
    app.extensions["sitemap"] = more


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """Locked posts are in it as well: their pages are for everybody, as far as they go."""
    pages = [*PAGES, *current_app.extensions["sitemap"]()]
    newest = library().posts()[: MOST - len(pages)]
    # Not render_template: it would look up who asks, and the answer would vary by cookie.
    text = current_app.jinja_env.get_template("library/sitemap.xml").render(
        pages=[links.whole(endpoint) for endpoint in pages],
        posts=[(links.whole("library.post", slug=post.slug), post) for post in newest],
    )
    return _public(text, "application/xml")


@bp.get("/robots.txt")
def robots() -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    lines += ["", f"Sitemap: {links.whole('sitemap.sitemap')}", ""]
    return _public("\n".join(lines), "text/plain")


def _public(text: str, mimetype: str) -> Response:
    answer = make_response(text)
    answer.mimetype = mimetype
    answer.cache_control.public = True
    answer.cache_control.max_age = MAX_AGE
    answer.add_etag()
    answer.make_conditional(request)
    return answer
