"""The search page: words in, posts out, and of locked ones no more than anybody may know."""

import logging

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from membership import clock
from membership.extensions import limiter
from membership.library import paywall
from membership.library.pages import paging
from membership.library.posts import library
from membership.library.shelves import finding
from membership.library.shelves.finding import Hits, SearchAway

log = logging.getLogger(__name__)
bp = Blueprint("search", __name__)
LENGTH = 10


@bp.get("/search")
@limiter.limit("60 per minute")
def search() -> ResponseReturnValue:
    asked, number = request.args.get("q", "").strip(), paging.asked_for()
    found = _find(asked, number)
    results = [
        (post, hit.snippet)
        for hit in (found.hits if found else [])
        if (post := library().find(hit.slug))
    ]
    return render_template(
        "library/search.html",
        asked=asked[: finding.LONGEST],
        has_words=bool(finding.in_their_words(asked)),
        away=found is None,
        count=found.count if found else 0,
        page=paging.of(results, number, found.count if found else 0, LENGTH),
        longest=finding.LONGEST,
    )


def _find(asked: str, number: int) -> Hits | None:
    """None while search is away."""
    shown = library()
    levels = {a: paywall.may_read(a, current_user) for a in shown.shelf().levels}
    if shown.index is None:
        return None
    try:
        return finding.find(
            shown.index,
            asked,
            levels=levels,
            today=clock.now().date(),
            limit=LENGTH,
            offset=(number - 1) * LENGTH,
        )
    except SearchAway as error:
        log.warning("Search is away: %s", error)
        return None
