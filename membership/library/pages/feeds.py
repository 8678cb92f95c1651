"""The feed of posts: one for everybody, and one of each member's own, in which what is open to them
can be read in full.

A member's own is no session: its address is the key, it reads no cookie and sets none.
"""

import re
from datetime import UTC, date, datetime, time

from flask import Blueprint, Response, abort, current_app, make_response, request
from markupsafe import escape

from membership import config, keyed, links
from membership.billing import access
from membership.extensions import limiter
from membership.library import paywall, writing
from membership.library.paywall import Reader
from membership.library.post import Post
from membership.library.posts import library

bp = Blueprint("feeds", __name__)
LENGTH = 30
MAX_AGE = 300  # seconds
GONE = "This address of a feed has ended. Whoever has an account finds a new one there."
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _key_of_limit() -> str:
    token = (request.view_args or {}).get("token", "")
    return keyed.hash_token(token)  # the limits' storage is no place for keys


@bp.get("/feed.xml")
def public() -> Response:
    """What is not public is there with its teaser only."""
    answer = _atom(
        access.Visitor(), title=config.current().site_name, own=links.whole("feeds.public")
    )
    answer.cache_control.public = True
    answer.cache_control.max_age = MAX_AGE
    return _unless_unchanged(answer)


@bp.get("/feed/<token>.xml")
@limiter.limit("120 per hour", key_func=_key_of_limit)
def private(token: str) -> Response:
    """By what its member may read at this moment."""
    reader = access.reader_of_feed(token)
    if reader is None:
        abort(410, GONE)
    title = f"{config.current().site_name}, for members"
    answer = _atom(reader, title=title, own=links.whole("feeds.private", token=token))
    answer.cache_control.private = True
    answer.cache_control.no_cache = True
    answer.headers["X-Robots-Tag"] = "noindex"
    return _unless_unchanged(answer)


def _atom(reader: Reader, *, title: str, own: str) -> Response:
    newest = library().posts()[:LENGTH]
    # Not render_template: it would look up who asks, and the answer would vary by cookie.
    text = current_app.jinja_env.get_template("library/feed.xml").render(
        title=title,
        home=links.whole("pages.home"),
        own=own,
        items=[(post, links.whole("library.post", slug=post.slug)) for post in newest],
        content=lambda post: _content(post, reader),
        author=config.current().site_name,
        updated=_updated(newest),
    )
    answer = make_response(_NOT_XML.sub("", text))
    answer.mimetype = "application/atom+xml"
    return answer


def _content(post: Post, reader: Reader) -> str:
    """The whole text as HTML, or its teaser and where to read on."""
    base = links.whole("library.post", slug=post.slug)
    if paywall.may_read(post.access, reader):
        return writing.with_whole_addresses(library().body(post), base)
    on = links.whole("library.post", slug=post.slug, _anchor=paywall.CUT)
    read_on = f'<p><a href="{escape(on)}">The rest is for members</a></p>'
    return f"{writing.with_whole_addresses(post.opening_html, base)}\n{read_on}"


def _unless_unchanged(answer: Response) -> Response:
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _updated(newest: list[Post]) -> datetime:
    day = newest[0].date if newest else date(1970, 1, 1)  # an empty feed must say a time as well
    return datetime.combine(day, time(), UTC)
