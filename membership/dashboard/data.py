"""Everything we know about a member, for them to read and to take along."""

from flask import Blueprint, Response, json, render_template
from flask_login import current_user, login_required

from membership import clock
from membership.dashboard import disclosure
from membership.db import db

bp = Blueprint("data", __name__)


@bp.get("/account/data")
@login_required
def page() -> str:
    sections = disclosure.everything(db.session(), current_user.user_id)
    return render_template("dashboard/data.html", sections=sections)


@bp.get("/account/data.json")
@login_required
def download() -> Response:
    """The same for machines, as a file."""
    sections = disclosure.everything(db.session(), current_user.user_id)
    told = {"made_at": clock.now().isoformat()} | {one.name: one.plain() for one in sections}
    answer = Response(json.dumps(told, indent=2), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
