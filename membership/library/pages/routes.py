"""The posts for reading."""

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from membership.billing import access
from membership.library import paywall
from membership.library.pages import metadata, paging, waiting
from membership.library.post import Post
from membership.library.posts import library

bp = Blueprint("library", __name__)


@bp.get("/posts")
def posts() -> ResponseReturnValue:
    page = paging.page(library().posts())
    unpublished = waiting.listed() if page.number == 1 else []
    return render_template("library/posts.html", page=page, waiting=unpublished)


@bp.get("/posts/<slug>")
def post(slug: str) -> ResponseReturnValue:
    """A locked post is answered 200 with its teaser: the rest never reaches the template."""
    found = _find(slug)
    is_preview = waiting.is_unpublished(found)
    is_open = paywall.may_read(found.access, current_user) or (is_preview and current_user.is_owner)
    return render_template(
        "library/post.html",
        post=found,
        text=paywall.at_the_cut(found.teaser_html, library().body(found) if is_open else None),
        shut=None if is_open else access.why_shut(found.access),
        next=url_for("library.post", slug=slug, _anchor=paywall.CUT),
        about=metadata.of_post(found),
        around=library().shelf().around(found),
        is_preview=is_preview,
    )


@bp.get("/posts/<slug>/open")
def is_open(slug: str) -> ResponseReturnValue:
    """Whether whoever asks may read all of it by now, as JSON: {"open": true}. For a page that
    stays open while its reader pays in another window."""
    return {"open": paywall.may_read(_find(slug).access, current_user)}


def _find(slug: str) -> Post:
    found = library().find(slug) or waiting.find(slug)
    if found is None:
        abort(404)
    return found
