"""A forgotten password: asking for the mail, and the page that its link leads to."""

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_login import current_user

from membership import clock, config, jobs
from membership.accounts import devices, hashing, key_pages, sessions
from membership.accounts.models import User
from membership.accounts.resetting import resets
from membership.accounts.resetting.forms import ForgotForm, ResetForm
from membership.db import db, transaction
from membership.newsletter import visits

bp = Blueprint("reset", __name__)
_ASKED = "reset_asked"  # in the session: the address that the last mail went to


@bp.get("/forgot")
def forgot() -> str:
    email = current_user.email if current_user.is_authenticated else visits.address()
    return _forgot_page(ForgotForm(formdata=None, email=email))


@bp.post("/forgot")
def ask() -> ResponseReturnValue:
    """Mail a link; the answer is the same for every address."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return _forgot_page(form), 422
    with transaction() as rows:
        resets.ask(rows, form.email.data, now=clock.now())
    jobs.nudge("outbox")
    session[_ASKED] = form.email.data
    return redirect(url_for("reset.asked"), 303)


@bp.get("/forgot/sent")
def asked() -> ResponseReturnValue:
    email = session.get(_ASKED)
    if email is None:
        return redirect(url_for("reset.forgot"))
    return render_template("accounts/forgot_sent.html", email=email)


@bp.get("/reset/<token>")
def page(token: str) -> ResponseReturnValue:
    """Where the mail leads. Programs that look through mail come here, too: it spends nothing."""
    user = resets.holder(db.session(), token, now=clock.now())
    if user is None:
        return _cannot_be_used()
    return _reset_page(user, ResetForm(user), token)


@bp.post("/reset/<token>")
def reset(token: str) -> ResponseReturnValue:
    """Set the password, and let in whoever has proven that the account's mail is theirs to read."""
    user = resets.holder(db.session(), token, now=clock.now())
    if user is None:
        return _cannot_be_used()
    form = ResetForm(user)
    if not form.validate_on_submit():
        return _reset_page(user, form, token, status=422)
    password_hash = hashing.hash_password(form.password.data)
    before = current_user.get_id()
    with transaction() as rows:
        outcome = resets.use(rows, token, password_hash, now=clock.now())
        if outcome and before:  # whoever was signed in here is not any more
            sessions.end(rows, before, now=clock.now())
    if outcome is None:
        return _cannot_be_used()
    jobs.nudge("outbox")
    user, session_token = outcome
    sessions.remember_in_cookie(session_token, remember=False)
    devices.remember(user)
    flash("Your new password is set, and you are signed in. Every other device is not.", "status")
    return redirect(url_for("dashboard.account"), 303)


def _forgot_page(form: ForgotForm) -> str:
    return render_template("accounts/forgot.html", form=form)


def _reset_page(user: User, form: ResetForm, token: str, *, status: int = 200) -> Response:
    page = render_template(
        "accounts/reset.html",
        form=form,
        email=user.email,
        token=token,
        password_min=config.current().password_min_length,
    )
    return key_pages.telling_nobody(page, status)


def _cannot_be_used() -> Response:
    return key_pages.telling_nobody(render_template("accounts/reset_gone.html"), 410)
