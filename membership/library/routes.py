"""The posts for reading, and the feed of them."""

from datetime import UTC, date, datetime, time

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from membership import config
from membership.billing import access
from membership.library import markdown, paywall
from membership.library.front_matter import PUBLIC
from membership.library.posts import Post, library

bp = Blueprint("library", __name__)

FEED_LENGTH = 30
FEED_MAX_AGE = 300  # seconds


@bp.get("/posts")
def posts() -> ResponseReturnValue:
    return render_template("library/posts.html", posts=library().posts())


@bp.get("/posts/<slug>")
def post(slug: str) -> ResponseReturnValue:
    """A locked post is answered 200 with its teaser: the rest never reaches the template."""
    found = library().find(slug)
    if found is None:
        abort(404)
    is_open = paywall.opens(found)
    return render_template(
        "library/post.html",
        post=found,
        teaser=Markup() if is_open else Markup(found.teaser_html),  # noqa: S704 (sanitised)
        body=Markup(library().body(found)) if is_open else None,  # noqa: S704 (sanitised)
        locked=not is_open,
        lapse=None if is_open else access.lapse(found.access),
        next=request.path,
    )


@bp.get("/feed.xml")
def feed() -> Response:
    """The same for everybody: what is not public is there with its teaser only."""
    settings = config.current()
    newest = library().posts()[:FEED_LENGTH]
    # Not render_template: it would look up who asks, and the answer would vary by cookie.
    template = current_app.jinja_env.get_template("library/feed.xml")
    text = template.render(
        site_name=settings.site_name,
        site_url=settings.site_url,
        items=[(post, _in_full_or_teaser(post, settings.site_url)) for post in newest],
        updated=_updated(newest),
    )
    answer = make_response(text)
    answer.mimetype = "application/atom+xml"
    answer.cache_control.public = True
    answer.cache_control.max_age = FEED_MAX_AGE
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _in_full_or_teaser(post: Post, site_url: str) -> str:
    html = library().body(post) if post.access == PUBLIC else post.teaser_html
    return markdown.with_whole_addresses(html or escape(post.summary), site_url)


def _updated(newest: list[Post]) -> datetime:
    day = newest[0].date if newest else date(1970, 1, 1)  # an empty feed must say a time as well
    return datetime.combine(day, time(), UTC)
