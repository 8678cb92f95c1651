"""A member's page at the desk, and what the owner can do there."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from membership import clock, jobs, journal
from membership.accounts import disabling, sessions
from membership.accounts.models import User
from membership.admin import desk
from membership.admin.people import dossier
from membership.admin.people.forms import Confirm, Give, TakeBack
from membership.billing import catalogue, comps, holdings, plans, stripe_api, stripe_pages, sync
from membership.billing.dates import day
from membership.billing.explain import why
from membership.billing.explain.verdicts import name_of
from membership.db import db, transaction

bp = desk.room("desk_person", __name__, "/people/<int(max=2147483647):user_id>")


@bp.get("")
def person(user_id: int) -> str:
    found = dossier.read(_member(user_id), now=clock.billing_now(), real_now=clock.now())
    return render_template(
        "admin/person.html",
        it=found,
        nothing=why.NOTHING,
        newest=dossier.NEWEST,
        acts=found.security_log,
        stripe_page=stripe_pages.page_of,
        myself=user_id == current_user.user_id,
    )


@bp.post("/sync")
def read_again(user_id: int) -> ResponseReturnValue:
    """What Stripe has of them, now. Nothing is decided by it that a webhook would not."""
    keys = holdings.payers_of(_member(user_id).id)
    try:
        for key in keys:
            sync.bring_up_to_date(key)
    except stripe_api.StripeError as error:
        flash(f"Stripe could not be asked, and nothing has changed: {error}", "error")
        return _back(user_id)
    with transaction() as rows:
        journal.record(rows, "owner.read_again", **desk.by_me(user_id))
    flash(
        "Read again: this is what Stripe has now."
        if keys
        else "There is nothing at Stripe to read.",
        "status",
    )
    return _back(user_id)


@bp.route("/give", methods=["GET", "POST"])
def give(user_id: int) -> ResponseReturnValue:
    user = _member(user_id)
    form = Give(_features())
    if not form.validate_on_submit():
        return _asked(user, "admin/give.html", form)
    with transaction() as rows:
        given = comps.give(
            rows,
            _locked(rows, user_id),
            form.feature.data,
            days=form.days.data,
            because=form.because.data,
            now=clock.billing_now(),
        )
        journal.record(rows, "owner.gave", feature=given.feature, **desk.by_me(user_id))
    jobs.nudge("subscribers")
    until = f"until {day(given.ends_at)}" if given.ends_at else "for good"
    flash(f"{name_of(given.feature)} is open to {user.email} {until}.", "status")
    return _back(user_id)


@bp.route("/take-back/<feature>", methods=["GET", "POST"])
def take_back(user_id: int, feature: str) -> ResponseReturnValue:
    user = _member(user_id)
    form = TakeBack()
    if not form.validate_on_submit():
        return _asked(user, "admin/take_back.html", form, feature=feature)
    try:
        with transaction() as rows:
            comps.end(
                rows,
                _locked(rows, user_id),
                feature,
                because=form.because.data,
                now=clock.billing_now(),
            )
            journal.record(rows, "owner.took_back", feature=feature, **desk.by_me(user_id))
    except LookupError:
        flash(f"{name_of(feature)} was not given to {user.email}, or not any more.", "error")
        return _back(user_id)
    jobs.nudge("subscribers")
    flash(f"What {user.email} was given has ended.", "status")
    return _back(user_id)


@bp.route("/sign-out", methods=["GET", "POST"])
def sign_out(user_id: int) -> ResponseReturnValue:
    user = _member(user_id)
    form = Confirm()
    if not form.validate_on_submit():
        return _asked(user, "admin/sign_out.html", form)
    with transaction() as rows:
        ended = sessions.end_all(rows, user_id, now=clock.now())
        journal.record(rows, "owner.signed_out", ended=ended, **desk.by_me(user_id))
    flash(f"{user.email} is signed out everywhere.", "status")
    return _back(user_id)


@bp.route("/disable", methods=["GET", "POST"])
def disable(user_id: int) -> ResponseReturnValue:
    """Not one's own account: there would be nobody left to open it again."""
    user = _member(user_id)
    if user_id == current_user.user_id:
        raise NotFound
    form = Confirm()
    if not form.validate_on_submit():
        return _asked(user, "admin/disable.html", form)
    with transaction() as rows:
        disabling.disable(rows, _locked(rows, user_id), now=clock.now())
        journal.record(rows, "owner.disabled", **desk.by_me(user_id))
    flash(f"{user.email} cannot sign in any more.", "status")
    return _back(user_id)


@bp.route("/enable", methods=["GET", "POST"])
def enable(user_id: int) -> ResponseReturnValue:
    user = _member(user_id)
    form = Confirm()
    if not form.validate_on_submit():
        return _asked(user, "admin/enable.html", form)
    with transaction() as rows:
        disabling.enable(rows, _locked(rows, user_id))
        journal.record(rows, "owner.enabled", **desk.by_me(user_id))
    flash(f"{user.email} can sign in again.", "status")
    return _back(user_id)


def _member(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def _locked(rows: Session, user_id: int) -> User:
    """Two owners at once do one after the other; the member may have left a moment ago."""
    user = rows.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)
    if user is None:
        raise NotFound
    return user


def _asked(
    user: User, template: str, form: Give | TakeBack | Confirm, **more: str
) -> ResponseReturnValue:
    page = render_template(template, member=user, form=form, **more)
    return page, 422 if request.method == "POST" else 200


def _back(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("desk_person.person", user_id=user_id), 303)


def _features() -> list[str]:
    """All that is for sale opens, and what a page of the example asks for."""
    sold = db.session.scalars(catalogue.on_sale()).all()
    return sorted({"premium"}.union(*(plans.features(price.product.meta) for price in sold)))
