"""Moving to another address, and the way back for whoever did not want it."""

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, jobs, limits
from membership.accounts import attempts, key_pages, moving
from membership.accounts import sessions as signed_in
from membership.accounts.address_changes import AddressChange
from membership.billing import bindings
from membership.dashboard.forms import AddressCode, NewAddress
from membership.db import db, transaction
from membership.extensions import limiter
from membership.newsletter import visits
from membership.newsletter.codes import challenges, sends
from membership.newsletter.codes.challenges import Gone, Wrong

bp = Blueprint("address", __name__)
_EMAIL = "new_email"


@bp.get("/account/email")
@login_required
def page() -> str:
    if request.args.get("change"):
        session.pop(_EMAIL, None)
    return _page(AddressCode() if _EMAIL in session else NewAddress(formdata=None))


@bp.post("/account/email")
@login_required
@limiter.limit("20 per hour")
def ask() -> ResponseReturnValue:
    """With the password: send the new address a code. The same answer whosever it may be."""
    form = NewAddress()
    if not form.validate_on_submit():
        return _page(form), 422
    now, back = clock.now(), url_for("address.page")
    with transaction() as rows:
        limits.knock(rows, attempts.CHANGE, account=current_user.email, now=now, back=back)
        signed_in.hold(rows, current_user.get_id(), now=now)
        moving.ask(rows, current_user.user_id, form.email.data, now=now)
    jobs.nudge("outbox")
    session[_EMAIL] = form.email.data
    return redirect(back, 303)


@bp.post("/account/email/resend")
@login_required
@limiter.limit("20 per hour")
def resend() -> ResponseReturnValue:
    """The same code once more, to the address that this session asked for with the password."""
    if _EMAIL in session:
        with transaction() as rows:
            moving.ask(rows, current_user.user_id, session[_EMAIL], now=clock.now(), again=True)
        jobs.nudge("outbox")
        flash("We are sending it now.", "status")
    return redirect(url_for("address.page"), 303)


@bp.post("/account/email/code")
@login_required
@limiter.limit("30 per hour")
def enter() -> ResponseReturnValue:
    """With the right code the account is at the new address."""
    form = AddressCode()
    if _EMAIL not in session:
        return redirect(url_for("address.page"), 303)
    if not form.validate_on_submit():
        return _page(form), 422
    with transaction() as rows:
        outcome = moving.enter(
            rows,
            current_user.user_id,
            session[_EMAIL],
            form.code.data,
            now=clock.now(),
            billing_now=clock.billing_now(),
        )
        signed_in.hold(rows, current_user.get_id(), now=clock.now())  # or all of it is taken back
    if isinstance(outcome, Wrong | Gone):
        form.code.errors = [challenges.in_words(outcome)]
        return _page(form), 422
    return _moved(session.pop(_EMAIL))


@bp.get("/account/email/undo/<token>")
def undo_page(token: str) -> ResponseReturnValue:
    """Where the notice leads: a page with a button. Opening it changes nothing."""
    change = moving.undoable(db.session(), token, now=clock.now())
    return key_pages.telling_nobody(
        render_template("dashboard/address_undo.html", change=change, token=token)
    )


@bp.post("/account/email/undo/<token>")
@limiter.limit("20 per hour")
def undo(token: str) -> ResponseReturnValue:
    """Back to the old address; every session ends, and a new password has to be chosen."""
    try:
        with transaction() as rows:
            change = moving.undoable(rows, token, now=clock.now())
            if change is None:
                return redirect(url_for("address.undo_page", token=token), 303)
            moving.undo(rows, change, now=clock.now())
    except moving.NoWayBack:
        page = render_template("dashboard/address_undo.html", change=None, taken=True)
        return key_pages.telling_nobody(page, 409)
    return _taken_back(change)


def _moved(email: str) -> ResponseReturnValue:
    for kind in ("outbox", "addresses", "subscribers"):
        jobs.nudge(kind)
    bindings.look_again(current_user.user_id, email)
    flash(f"Your address is {email} now. You sign in with it, and we write to it.", "status")
    return redirect(url_for("dashboard.account"), 303)


def _taken_back(change: AddressChange) -> ResponseReturnValue:
    for kind in ("outbox", "addresses", "subscribers"):
        jobs.nudge(kind)
    signed_in.forget_cookie()
    visits.begin_again(change.was)
    flash(
        f"Your address is {change.was} again, and everybody is signed out. Choose a new password, "
        "because somebody else may know the old one.",
        "status",
    )
    return redirect(url_for("reset.forgot"), 303)


def _page(form: NewAddress | AddressCode) -> str:
    email = session.get(_EMAIL) if isinstance(form, AddressCode) else None
    return render_template(
        "dashboard/address.html",
        form=form,
        email=email,
        wait=sends.seconds_to_wait(db.session(), email, now=clock.now()),
    )
