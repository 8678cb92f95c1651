"""The desk's codes: by which way they went, and how many arrived, as far as their use tells."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from flask import abort, render_template, request
from sqlalchemy import select

from membership import clock
from membership.accounts.models import User
from membership.admin import desk
from membership.admin.needs import codes as code_needs
from membership.db import db
from membership.newsletter.codes import figures
from membership.newsletter.codes.figures import Failure

bp = desk.room("desk_codes", __name__, "/codes")
TIMES = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
MOST_FAILURES = 25


@bp.get("")
def codes() -> str:
    within = request.args.get("within", "day")
    if within not in TIMES:
        abort(404)
    now = clock.now()
    since = now - TIMES[within]
    failures = figures.failures(db.session(), since=since, most=MOST_FAILURES)
    return render_template(
        "admin/codes.html",
        tallies=figures.tallies(db.session(), since=since, now=now),
        falls=list(code_needs.found()),
        failures=failures,
        members=_members(failures),
        names=code_needs.NAMES,
        within=within,
        times=TIMES,
        took=_took,
    )


def _members(failures: Iterable[Failure]) -> Mapping[str, int]:
    """The accounts of those who have one."""
    emails = {failure.email for failure in failures}
    theirs = select(User.email, User.id).where(User.email.in_(emails))
    return {row[0]: row[1] for row in db.session.execute(theirs)}


def _took(time: timedelta) -> str:
    """40 s; 2 min 5 s."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
