"""The desk's first page."""

from flask import render_template

from membership.admin import desk

bp = desk.room("admin", __name__)


@bp.get("")
def overview() -> str:
    return render_template("admin/overview.html")
