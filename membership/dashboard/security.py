"""A member's own safety: where they are signed in, and their password."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, config, jobs, journal, keyed
from membership.accounts import devices, hashing, password_setting, sessions, user_agents
from membership.accounts.forms import ChangePassword, EndSessions
from membership.accounts.models import SignIn
from membership.billing.explain import security_log
from membership.db import db, transaction

bp = Blueprint("security", __name__)
NEWEST = 50  # lines of the security log that are shown


@dataclass(frozen=True)
class SessionLine:
    """One signed-in device."""

    id: int
    device: str
    ip: str | None
    since: datetime
    last_seen: datetime


@bp.get("/account/security")
@login_required
def page() -> str:
    return _page(EndSessions(formdata=None))


@bp.post("/account/security")
@login_required
def end_sessions() -> ResponseReturnValue:
    """End the ticked sessions, or all of them: then this browser, too, gets a new one."""
    form = EndSessions()
    if not form.validate_on_submit():
        return _page(form), 422
    user_id, now = current_user.user_id, clock.now()
    if form.others.data:
        with transaction() as rows:
            sessions.hold(rows, current_user.get_id(), now=now)
            token = sessions.begin_afresh(rows, user_id, now=now)
            sessions.note_ended(rows, user_id, current_user.email)
        sessions.remember_in_cookie(token, remember=session.permanent)
        flash("Every other device is signed out.", "status")
    else:
        with transaction() as rows:
            if sessions.end_some(rows, user_id, form.sessions.data, now=now):
                sessions.note_ended(rows, user_id, current_user.email)
        flash("Signed out there.", "status")
    return redirect(url_for("security.page"), 303)


@bp.get("/account/password")
@login_required
def password() -> str:
    return _password_page(ChangePassword(formdata=None))


@bp.post("/account/password")
@login_required
def change_password() -> ResponseReturnValue:
    """Every other device is signed out, and a mail says that the password was changed."""
    form = ChangePassword()
    if not form.validate_on_submit():
        return _password_page(form), 422
    password_hash = hashing.hash_password(form.new_password.data)
    with transaction() as rows:
        user = sessions.hold(rows, current_user.get_id(), now=clock.now())
        journal.record(rows, "password.changed", user_id=user.id, email=user.email)
        token = password_setting.replace(rows, user, password_hash, now=clock.now())
    jobs.nudge("outbox")
    sessions.remember_in_cookie(token, remember=session.permanent)
    devices.remember(user)
    flash("Your password is changed. Every other device is signed out.", "status")
    return redirect(url_for("security.page"), 303)


def _page(form: EndSessions) -> str:
    mine = keyed.hash_token(current_user.get_id())
    rows = sessions.all_of(db.session(), current_user.user_id, now=clock.now())
    return render_template(
        "dashboard/security.html",
        form=form,
        here=next((_line(row) for row in rows if row.token_hash == mine), None),
        others=[_line(row) for row in rows if row.token_hash != mine],
        acts=security_log.of_member(current_user.user_id, current_user.email, newest=NEWEST),
    )


def _line(row: SignIn) -> SessionLine:
    device = user_agents.in_words(row.user_agent)
    return SessionLine(row.id, device, row.ip, row.created_at, row.last_seen_at)


def _password_page(form: ChangePassword) -> str:
    return render_template(
        "dashboard/password.html",
        form=form,
        email=current_user.email,
        password_min=config.current().password_min_length,
    )
