"""The newsletter form, and sending a code again."""

from math import ceil

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership import clock, jobs
from membership.db import transaction
from membership.extensions import limiter
from membership.newsletter import consents, signup, visits
from membership.newsletter.forms import SubscribeForm
from membership.waits import TooSoon

bp = Blueprint("newsletter", __name__)


@bp.post("/subscribe")
@limiter.limit("20 per hour")
def subscribe() -> ResponseReturnValue:
    """Ask for a code. The same answer for every address, known or not, over its limit or not."""
    form = SubscribeForm()
    if not form.validate_on_submit():
        return render_template("newsletter/subscribe.html", form=form), 422
    now = clock.now()
    with transaction() as rows:
        signup.ask(rows, form.email.data, now=now)
        asking = consents.asked(
            rows, form.email.data, form.asked_at, form.words, asking=visits.asking(), now=now
        )
    _hurry()
    visits.begin(form.email.data, letters=True, asking=asking)
    return redirect(url_for("accounts.join"), 303)


@bp.post("/join/resend")
@limiter.limit("20 per hour")
def resend() -> ResponseReturnValue:
    """Send the living code again, by the surer way; refuses with the wait when it is too soon."""
    form = SubscribeForm()
    if not form.validate_on_submit():
        return redirect(url_for("accounts.join", change=1), 303)
    with transaction() as rows:
        letters = signup.letters_wanted(rows, form.email.data)
        wait = signup.ask(
            rows, form.email.data, now=clock.now(), resend=True, for_newsletter=letters
        )
    if wait:
        message = "A code has just been sent to this address."
        raise TooSoon(ceil(wait.total_seconds()), message, back=url_for("accounts.join"))
    _hurry()
    visits.begin_again(form.email.data)
    flash("We are sending it now.", "status")
    return redirect(url_for("accounts.join"), 303)


def _hurry() -> None:
    jobs.nudge("codes")
    jobs.nudge("outbox")
