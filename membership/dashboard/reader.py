"""The way of a reader without a password to their own page, and what they do there about letters.

A link from a mail opens it, in one browser for half an hour. An address that has an account may
switch its letters here and nothing else: for the rest its member signs in.
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from membership import clock, jobs
from membership.accounts import key_pages
from membership.dashboard import disclosure, letters
from membership.dashboard.reader_forms import AskForLink
from membership.db import db, transaction
from membership.extensions import limiter
from membership.newsletter import reader_links, subscribers
from membership.newsletter import visits as joining
from membership.newsletter.consents import Place, Proof
from membership.newsletter.models import Subscriber
from membership.newsletter.readers import choosing, visits

bp = Blueprint("reader", __name__)
CLOSED = "This page is closed by now. We can send you a new link."


@bp.get("/newsletter")
def ask_page() -> ResponseReturnValue:
    if reader():
        return redirect(url_for("reader.page"))
    email = current_user.email if current_user.is_authenticated else visits.asked_for()
    return _ask_page(AskForLink(formdata=None, email=email))


@bp.post("/newsletter")
@limiter.limit("20 per hour")
def ask() -> ResponseReturnValue:
    """Mail a link; the answer is the same for every address."""
    form = AskForLink()
    if not form.validate_on_submit():
        return _ask_page(form), 422
    with transaction() as rows:
        reader_links.ask(rows, form.email.data, now=clock.now())
    jobs.nudge("outbox")
    visits.remember_asked(form.email.data)
    return redirect(url_for("reader.asked"), 303)


@bp.get("/newsletter/sent")
def asked() -> ResponseReturnValue:
    email = visits.asked_for()
    if email is None:
        return redirect(url_for("reader.ask_page"))
    return render_template("dashboard/reader_sent.html", email=email)


@bp.get("/newsletter/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """Where the mail leads. Programs that look through mail come here, too: it spends nothing."""
    email = reader_links.holder(db.session(), token, now=clock.now())
    page = render_template("dashboard/reader_link.html", email=email, token=token)
    return key_pages.telling_nobody(page, 200 if email else 410)


@bp.post("/newsletter/link/<token>")
@limiter.limit("20 per hour")
def open_page(token: str) -> ResponseReturnValue:
    with transaction() as rows:
        email = reader_links.use(rows, token, now=clock.now())
    if email is None:
        return key_pages.telling_nobody(
            render_template("dashboard/reader_link.html", email=None), 410
        )
    visits.begin(email, now=clock.now())
    return redirect(url_for("reader.page"), 303)


@bp.get("/newsletter/yours")
def page() -> ResponseReturnValue:
    subscriber = reader()
    if subscriber is None:
        return closed()
    told = [] if subscriber.has_account else disclosure.of_reader(db.session(), subscriber.email)
    return render_template(
        "dashboard/reader.html",
        reader=subscriber,
        letters=letters.standing(subscriber),
        sections=told,
    )


@bp.post("/newsletter/yours/stop")
def stop() -> ResponseReturnValue:
    """One press; the same page has the way back."""
    subscriber = reader()
    if subscriber is None:
        return closed()
    with transaction() as rows:
        choosing.stop(rows, subscriber.email, Place.NEWSLETTER, now=clock.now())
    return _changed(letters.STOPPED)


@bp.post("/newsletter/yours/start")
def start() -> ResponseReturnValue:
    subscriber = reader()
    if subscriber is None:
        return closed()
    with transaction() as rows:
        choosing.start(rows, subscriber.email, Place.NEWSLETTER, Proof.LINK, now=clock.now())
    return _changed(letters.started(subscriber.email))


@bp.post("/newsletter/yours/account")
def open_account() -> ResponseReturnValue:
    """The link has proven the address: only a password is missing. An address that has an account
    gets none by it."""
    subscriber = reader()
    if subscriber is None:
        return closed()
    if subscriber.has_account:
        return redirect(url_for("accounts.login"), 303)
    joining.begin(subscriber.email, letters=subscriber.wants_letters)
    joining.prove(subscriber.email, now=clock.now())
    return redirect(url_for("accounts.join"), 303)


@bp.post("/newsletter/yours/close")
def close() -> ResponseReturnValue:
    """Whoever uses this browser next does not see it."""
    visits.forget()
    flash("The page about your letters is closed.", "status")
    return redirect(url_for("pages.home"), 303)


def reader() -> Subscriber | None:
    """Whose page this browser may see; nobody's, once they were forgotten."""
    email = visits.address(now=clock.now())
    subscriber = subscribers.find(db.session(), email) if email else None
    return subscriber if subscriber and not subscriber.left_at else None


def closed() -> ResponseReturnValue:
    flash(CLOSED, "status")
    visits.forget()
    return redirect(url_for("reader.ask_page"), 303)


def _changed(words: str) -> ResponseReturnValue:
    jobs.nudge("subscribers")
    flash(words, "status")
    return redirect(url_for("reader.page"), 303)


def _ask_page(form: AskForLink) -> str:
    return render_template("dashboard/reader_ask.html", form=form)
