"""The example of a paid area: copy this package to make one."""

from flask import Blueprint, render_template

from membership.billing.access import requires

bp = Blueprint("premium", __name__)


@bp.get("/premium")
@requires("premium")
def index() -> str:
    return render_template("premium/index.html")
