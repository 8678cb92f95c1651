"""The example of a paid area: a page, and a tool with a form, JSON, and work done behind it."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from membership import clock, jobs
from membership.accounts import sessions
from membership.billing.access import requires
from membership.db import db, transaction
from membership.forms import Form
from membership.premium.drafts import Draft

bp = Blueprint("premium", __name__)


class DraftForm(Form):
    text = TextAreaField("Your text", [DataRequired("Paste a text"), Length(max=20_000)])


@bp.get("/premium")
@requires("premium")
def index() -> str:
    return render_template("premium/index.html")


@bp.route("/premium/measure", methods=["GET", "POST"])
@requires("premium")
def measure() -> ResponseReturnValue:
    form, draft, now = DraftForm(), db.session.get(Draft, current_user.user_id), clock.now()
    if form.validate_on_submit():
        with transaction() as rows:
            user = sessions.hold(rows, current_user.get_id(), now=now)
            given = rows.merge(Draft(id=user.id, text=form.text.data, due_at=now))
            given.minutes = given.longest = None
        jobs.nudge("drafts")
        return redirect(url_for("premium.measure"), 303)
    page = render_template("premium/draft.html", form=form, draft=draft)
    return page, 422 if form.errors else 200


@bp.get("/premium/measure.json")
@requires("premium")
def measured() -> ResponseReturnValue:
    draft = db.session.get(Draft, current_user.user_id)
    return {"minutes": draft and draft.minutes, "longest": draft and draft.longest}
