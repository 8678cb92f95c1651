"""The desk's posts: what is published, what was sent to the list, and sending it."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership import clock, jobs, journal
from membership.admin import desk
from membership.db import db, transaction
from membership.library.pages.paging import page
from membership.library.post import Post
from membership.library.posts import library
from membership.library.publishing import asking, sending, words
from membership.newsletter.mailerlite import MailerLiteError

bp = desk.room("desk_posts", __name__, "/posts")


@bp.get("")
def posts() -> str:
    shown = page(library().posts())
    return render_template(
        "admin/posts.html",
        page=shown,
        waiting=library().unpublished() if shown.number == 1 else [],
        sent=asking.of_posts(db.session(), [post.slug for post in shown.items]),
        words=words,
    )


@bp.get("/<slug>")
def post(slug: str) -> str:
    """What would be sent to whom, and the button."""
    found = _find(slug)
    plans, away = None, None
    try:
        plans = asking.plans(db.session(), found, now=clock.billing_now())
    except MailerLiteError as error:
        away = str(error)
    return render_template(
        "admin/post.html",
        post=found,
        plans=plans,
        away=away,
        editions=asking.of_post(db.session(), slug),
        words=words,
    )


@bp.post("/<slug>/send")
def send(slug: str) -> ResponseReturnValue:
    found = _find(slug)
    with transaction() as rows:
        asked = asking.ask(rows, found, now=clock.now())
        if asked:
            journal.record(rows, "owner.published", **desk.by_me(), slug=slug)
    if asked:
        jobs.nudge(sending.KIND)
        flash("It is on its way to the list. Load this page once more to see.", "status")
    else:
        flash("This post was sent before. Nothing is sent twice.", "error")
    return redirect(url_for(".post", slug=slug), 303)


def _find(slug: str) -> Post:
    found = library().find(slug)
    if found is None:
        abort(404)
    return found
