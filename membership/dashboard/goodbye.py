"""Saying goodbye: what will happen, the password once more, and a receipt of what is kept."""

from dataclasses import asdict

from flask import Blueprint, current_app, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, jobs
from membership.accounts import sessions
from membership.billing import belongings
from membership.billing.entitlements import ENDED
from membership.billing.goodbye import departure, kept
from membership.billing.goodbye.kept import Receipt
from membership.billing.stripe_api import StripeError
from membership.dashboard.forms import Goodbye
from membership.db import db
from membership.extensions import limiter
from membership.newsletter import subscribers

bp = Blueprint("goodbye", __name__)
_RECEIPT = "goodbye"
STRIPE_AWAY = (
    "Stripe does not answer just now, so your account is as it was. A subscription that was ended "
    "already stays ended. Try again in a few minutes"
)
ONLY_OWNER = "You are the only owner of this site. Make somebody else an owner first"


@bp.get("/account/goodbye")
@login_required
def page() -> str:
    return _page(Goodbye(formdata=None))


@bp.post("/account/goodbye")
@limiter.limit("10 per hour")
def leave() -> ResponseReturnValue:
    """End everything at Stripe, then delete the account; all of it or, for now, nothing."""
    if not current_user.is_authenticated:  # a second press, or another tab
        return redirect(url_for("goodbye.receipt"), 303)
    form = Goodbye()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        receipt = departure.leave(current_user.user_id, letters=form.letters.data)
    except departure.GoneAlready:
        return redirect(url_for("goodbye.receipt"), 303)
    except departure.OnlyOwner:
        form.form_errors = [ONLY_OWNER]
        return _page(form), 422
    except StripeError:
        current_app.logger.warning("Stripe did not let a member go", exc_info=True)
        form.form_errors = [STRIPE_AWAY]
        return _page(form), 503
    for kind in ("outbox", "subscribers"):
        jobs.nudge(kind)
    sessions.forget_cookie()
    session[_RECEIPT] = asdict(receipt)
    return redirect(url_for("goodbye.receipt"), 303)


@bp.get("/goodbye")
def receipt() -> str:
    """What was kept, to whoever has just left; a second press, which knows nothing, is told where
    to look."""
    known = session.get(_RECEIPT)
    what = kept.sentences(Receipt(**known)) if known else None
    return render_template("dashboard/receipt.html", kept=what)


def _page(form: Goodbye) -> str:
    user_id, now = current_user.user_id, clock.billing_now()
    subscriptions = belongings.subscriptions_of(user_id, now)
    return render_template(
        "dashboard/goodbye.html",
        form=form,
        subscriptions=[line for line in subscriptions if line.status not in ENDED],
        purchases=belongings.purchases_of(user_id, now),
        letters=subscribers.gets_letters(db.session(), current_user.email),
    )
