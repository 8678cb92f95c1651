"""Claiming a payment made with another address, and the way in for who paid before joining."""

from math import ceil

from flask import (
    Blueprint,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, config, jobs
from membership.accounts import destinations, key_pages
from membership.billing import unclaimed
from membership.billing.claiming import claims, way_in
from membership.billing.claiming.forms import ClaimForm, ProofForm
from membership.billing.models import UnclaimedPayment
from membership.db import db, transaction
from membership.extensions import limiter
from membership.newsletter import signup, visits
from membership.newsletter.codes import challenges, sends
from membership.newsletter.codes.challenges import Gone, Wrong
from membership.waits import TooSoon

bp = Blueprint("claim", __name__)
_EMAIL = "claim_email"


@bp.get("/claim")
@login_required
def page() -> str:
    if request.args.get("change"):
        session.pop(_EMAIL, None)
    destinations.remember()
    email = session.get(_EMAIL)
    return _page(ProofForm(email=email) if email else ClaimForm(formdata=None))


@bp.post("/claim")
@login_required
@limiter.limit("30 per hour")
def claim() -> ResponseReturnValue:
    """With an address alone: send it a code. With the code: claim what was paid with it."""
    form = ProofForm() if "code" in request.form else ClaimForm()
    if not form.validate_on_submit():
        return _page(form), 422
    if isinstance(form, ProofForm):
        return _prove(form)
    with transaction() as rows:
        claims.ask(rows, current_user.user_id, form.email.data, now=clock.now())
    jobs.nudge("outbox")
    session[_EMAIL] = form.email.data
    return redirect(url_for("claim.page"), 303)


@bp.get("/join/paid/<token>")
def way_in_page(token: str) -> ResponseReturnValue:
    """Where the letter leads: a page with a button. Opening it sends nothing."""
    payment = _payment(token)
    if current_user.is_authenticated:
        return redirect(url_for("claim.page"))
    if payment is None:
        return _has_found_its_member()
    page = render_template("billing/claim_paid_first.html", email=payment.email, token=token)
    return key_pages.telling_nobody(page)


@bp.post("/join/paid/<token>")
@limiter.limit("20 per hour")
def send_code(token: str) -> ResponseReturnValue:
    """Send a code for joining to the address that paid, by our own mail alone."""
    payment = _payment(token)
    if payment is None or payment.email is None:
        return _has_found_its_member()
    with transaction() as rows:
        wait = signup.ask(rows, payment.email, now=clock.now(), for_newsletter=False)
    visits.begin(payment.email, letters=False)
    if wait:
        message = "A code has just been sent to this address."
        raise TooSoon(ceil(wait.total_seconds()), message, back=url_for("accounts.join"))
    jobs.nudge("outbox")
    return redirect(url_for("accounts.join"), 303)


def _prove(form: ProofForm) -> ResponseReturnValue:
    email = form.email.data
    with transaction() as rows:
        outcome = claims.enter(
            rows,
            current_user.user_id,
            email,
            form.code.data,
            now=clock.now(),
            billing_now=clock.billing_now(),
        )
    if isinstance(outcome, Wrong | Gone):
        form.code.errors = [challenges.in_words(outcome)]
        return _page(form), 422
    session.pop(_EMAIL, None)
    jobs.nudge("subscribers")
    jobs.nudge("outbox")
    if outcome:
        flash(f"What was paid with {email} belongs to this account now.", "status")
    else:
        flash(f"Nothing that was paid with {email} is waiting to be claimed any more.", "status")
    return redirect(destinations.wanted() or url_for("dashboard.account"), 303)


def _page(form: ClaimForm) -> str:
    email = session.get(_EMAIL)
    return render_template(
        "billing/claim.html",
        form=form,
        email=email,
        wait=sends.seconds_to_wait(db.session(), email, now=clock.now()),
    )


def _payment(token: str) -> UnclaimedPayment | None:
    """The payment this link was made for; None once it has found its member."""
    for ours in config.current().keys:
        if key := way_in.read(ours, token):
            return unclaimed.find(db.session(), key)
    abort(404)


def _has_found_its_member() -> ResponseReturnValue:
    flash("This payment has found its account. Sign in to it, and everything is open.", "status")
    return redirect(url_for("accounts.login"), 303)
