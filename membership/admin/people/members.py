"""The list of members, and looking for one."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from membership import clock
from membership.admin import desk
from membership.admin.people import directory, keyset
from membership.admin.people.directory import Found, Who
from membership.vendor_ids import plausible

bp = desk.room("desk_people", __name__, "/people")
AT_STRIPE = ("cus_", "sub_", "cs_", "pi_")
LONGEST = 320  # characters of what is looked for


@bp.get("")
def people() -> ResponseReturnValue:
    typed = request.args.get("q", "").strip()[:LONGEST]
    if typed.startswith(AT_STRIPE) and plausible(typed):
        user_id = directory.whose(typed)
        if user_id is not None:
            return redirect(url_for("desk_person.person", user_id=user_id))
    who = _asked_for()
    return render_template(
        "admin/people.html", found=_found(typed, who), typed=typed, who=who, kinds=list(Who)
    )


def _found(typed: str, who: Who) -> Found:
    now = clock.billing_now()
    if typed:
        return directory.search(typed, now=now)
    try:
        return directory.listed(who, request.args.get("after"), now=now)
    except keyset.NoSuchPlace as error:
        raise NotFound from error


def _asked_for() -> Who:
    try:
        return Who(request.args.get("who", Who.EVERYONE))
    except ValueError as error:
        raise NotFound from error
