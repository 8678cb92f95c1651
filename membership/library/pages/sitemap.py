"""What search engines are told: which pages there are, and where they need not look."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, make_response, request

from membership import links
from membership.library.posts import library
from membership.library.shelves.shelf import Shelf

bp = Blueprint("sitemap", __name__)
PAGES = ("pages.home", "library.posts", "archive.years", "archive.tags", "billing.plans")
MOST = 50_000  # addresses in one file, by the protocol
MAX_AGE = 3600  # seconds
PRIVATE = ("/account", "/admin", "/billing/", "/checkout/", "/claim", "/feed/")


@dataclass
class _Sitemap:
    """`drawn` is the last one, and the posts and pages it was drawn of."""

    more: Callable[[], Iterable[str]]
    drawn: tuple[Shelf | None, list[str], str] = (None, [], "")


def init_app(app: Flask, more: Callable[[], Iterable[str]]) -> None:
    """`more` are endpoints of public pages that are not known here."""
    app.extensions["sitemap"] = _Sitemap(more)


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """Locked posts are in it as well: their pages are for everybody, as far as they go.

    Drawn once for as long as the posts stay: with thousands of them it takes a while.
    """
    kept: _Sitemap = current_app.extensions["sitemap"]
    shelf, pages = library().shelf(), [*PAGES, *kept.more()]
    of_shelf, of_pages, text = kept.drawn
    if of_shelf is not shelf or of_pages != pages:
        text = _draw(shelf, pages)
        kept.drawn = shelf, pages, text
    return _public(text, "application/xml")


@bp.get("/robots.txt")
def robots() -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    lines += ["", f"Sitemap: {links.whole('sitemap.sitemap')}", ""]
    return _public("\n".join(lines), "text/plain")


def _draw(shelf: Shelf, pages: list[str]) -> str:
    newest = shelf.posts[: MOST - len(pages)]
    # Not render_template: it would look up who asks, and the answer would vary by cookie.
    return current_app.jinja_env.get_template("library/sitemap.xml").render(
        pages=[links.whole(endpoint) for endpoint in pages],
        posts=[(links.whole("library.post", slug=post.slug), post) for post in newest],
    )


def _public(text: str, mimetype: str) -> Response:
    answer = make_response(text)
    answer.mimetype = mimetype
    answer.cache_control.public = True
    answer.cache_control.max_age = MAX_AGE
    answer.add_etag()
    answer.make_conditional(request)
    return answer
