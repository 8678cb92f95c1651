"""The desk's first page: what needs the owner, and how the site is doing."""

from flask import render_template

from membership import clock, jobs
from membership.admin import deliveries, desk, numbers
from membership.admin.needs import known

bp = desk.room("admin", __name__)


@bp.get("")
def overview() -> str:
    return render_template(
        "admin/overview.html",
        needs=known.needs(),
        numbers=numbers.read(clock.billing_now()),
        health=deliveries.look(jobs.last_beat()),
        ago=desk.ago,
    )
