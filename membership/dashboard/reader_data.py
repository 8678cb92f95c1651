"""What a reader without an account does about their address: move it, or have it forgotten."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from membership import clock, jobs
from membership.billing import unclaimed
from membership.dashboard.reader import closed, reader
from membership.dashboard.reader_forms import Forget, Move, MoveCode
from membership.db import db, transaction
from membership.extensions import limiter
from membership.newsletter.codes import challenges, sends
from membership.newsletter.codes.challenges import Gone, Wrong
from membership.newsletter.models import Subscriber
from membership.newsletter.readers import erasing, moving, visits

bp = Blueprint("reader_data", __name__)
_KEPT = "reader_kept"


@bp.get("/newsletter/yours/address")
def address() -> ResponseReturnValue:
    subscriber = _without_account()
    if subscriber is None:
        return closed()
    if request.args.get("change"):
        visits.forget_new()
    new = visits.new_address()
    return _address_page(subscriber, MoveCode() if new else Move(formdata=None))


@bp.post("/newsletter/yours/address")
@limiter.limit("20 per hour")
def move() -> ResponseReturnValue:
    """Send the new address a code; the same answer whosever it may be."""
    subscriber, form = _without_account(), Move()
    if subscriber is None:
        return closed()
    if not form.validate_on_submit():
        return _address_page(subscriber, form), 422
    if form.email.data == subscriber.email:
        form.email.errors = ["That is the address you have now"]
        return _address_page(subscriber, form), 422
    with transaction() as rows:
        moving.ask(rows, _locked(rows, subscriber), form.email.data, now=clock.now())
    jobs.nudge("outbox")
    visits.remember_new(form.email.data)
    return redirect(url_for("reader_data.address"), 303)


@bp.post("/newsletter/yours/address/code")
@limiter.limit("30 per hour")
def enter() -> ResponseReturnValue:
    """With the right code the letters go there."""
    subscriber, new, form = _without_account(), visits.new_address(), MoveCode()
    if subscriber is None:
        return closed()
    if new is None:
        return redirect(url_for("reader_data.address"), 303)
    if not form.validate_on_submit():
        return _address_page(subscriber, form), 422
    now = clock.now()
    with transaction() as rows:
        outcome = moving.enter(rows, _locked(rows, subscriber), new, form.code.data, now=now)
    if isinstance(outcome, Wrong | Gone):
        form.code.errors = [challenges.in_words(outcome)]
        return _address_page(subscriber, form), 422
    for kind in ("outbox", "subscribers"):
        jobs.nudge(kind)
    visits.begin(new, now=now)
    flash(f"Your address is {new} now.", "status")
    return redirect(url_for("reader.page"), 303)


@bp.route("/newsletter/yours/forget", methods=["GET", "POST"])
def forget() -> ResponseReturnValue:
    """Nothing of them stays but what the next page says."""
    subscriber, form = _without_account(), Forget()
    if subscriber is None:
        return redirect(url_for("reader_data.forgotten")) if _KEPT in session else closed()
    if not form.validate_on_submit():
        page = render_template(
            "dashboard/reader_forget.html",
            reader=subscriber,
            form=form,
            paid=unclaimed.paid_with(db.session(), subscriber.email),
        )
        return page, 422 if request.method == "POST" else 200
    with transaction() as rows:
        kept = erasing.erase(rows, _locked(rows, subscriber), now=clock.now())
    for kind in ("outbox", "subscribers"):
        jobs.nudge(kind)
    visits.forget()
    session[_KEPT] = erasing.sentences(kept)
    return redirect(url_for("reader_data.forgotten"), 303)


@bp.get("/newsletter/forgotten")
def forgotten() -> ResponseReturnValue:
    kept = session.get(_KEPT)
    if kept is None:
        return redirect(url_for("reader.ask_page"))
    return render_template("dashboard/reader_forgotten.html", kept=kept)


def _without_account() -> Subscriber | None:
    subscriber = reader()
    return None if subscriber is None or subscriber.has_account else subscriber


def _locked(rows: Session, subscriber: Subscriber) -> Subscriber:
    """What is done with it in two windows at once comes one by one."""
    return rows.get_one(Subscriber, subscriber.id, with_for_update=True, populate_existing=True)


def _address_page(subscriber: Subscriber, form: Move | MoveCode) -> str:
    new = visits.new_address() if isinstance(form, MoveCode) else None
    return render_template(
        "dashboard/reader_address.html",
        reader=subscriber,
        form=form,
        email=new,
        wait=sends.seconds_to_wait(db.session(), new, now=clock.now()),
    )
