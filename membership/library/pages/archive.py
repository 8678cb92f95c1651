"""Ways to find a post again: by year and month, and by tag."""

from collections.abc import Sequence

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from membership.billing import dates
from membership.library.pages import paging
from membership.library.post import Post
from membership.library.posts import library

bp = Blueprint("archive", __name__)
BY_MONTH = ("archive.years", "All months")


@bp.get("/archive")
def years() -> ResponseReturnValue:
    shelf = library().shelf()
    years = [
        (year, [(posts[0].date, len(posts)) for posts in shelf.months(year).values()])
        for year in shelf.years()
    ]
    return render_template("library/archive.html", years=years)


@bp.get("/archive/<int(fixed_digits=4):year>")
def year(year: int) -> ResponseReturnValue:
    months = library().shelf().months(year)
    return _some([post for posts in months.values() for post in posts], str(year), BY_MONTH)


@bp.get("/archive/<int(fixed_digits=4):year>/<int:month>")
def month(year: int, month: int) -> ResponseReturnValue:
    posts = library().shelf().months(year).get(month, [])
    heading = f"{dates.month(posts[0].date)} {year}" if posts else ""
    return _some(posts, heading, BY_MONTH)


@bp.get("/tags")
def tags() -> ResponseReturnValue:
    return render_template("library/tags.html", tags=library().shelf().tags.values())


@bp.get("/tags/<tag>")
def tag(tag: str) -> ResponseReturnValue:
    found = library().shelf().tags.get(tag)
    if found is None:
        abort(404)
    return _some(found.posts, found.name, ("archive.tags", "All subjects"))


def _some(posts: Sequence[Post], heading: str, back: tuple[str, str]) -> ResponseReturnValue:
    """A page of them; where there are none there is no such page."""
    if not posts:
        abort(404)
    return render_template(
        "library/some_posts.html",
        heading=heading,
        count=len(posts),
        page=paging.page(posts),
        back=(url_for(back[0]), back[1]),
    )
