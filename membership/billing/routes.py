"""Plans, the way to Stripe's page and back, and the portal."""

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, links
from membership.accounts import destinations
from membership.billing import checkout, holdings, showcase, stripe_api, sync
from membership.billing.models import Checkout
from membership.db import db
from membership.extensions import limiter
from membership.vendor_ids import plausible

bp = Blueprint("billing", __name__)
LOOKS = 6  # at a payment under way, 2, 4, 8 … seconds apart; then the webhook will tell


@bp.get("/plans")
def plans() -> str:
    destinations.remember()
    user_id = current_user.user_id if current_user.is_authenticated else None
    return render_template(
        "billing/plans.html",
        plans=showcase.plans_for(user_id),
        has_subscription=bool(user_id and holdings.live_subscription(user_id)),
    )


@bp.post("/checkout", endpoint="checkout")
@login_required
@limiter.limit("30 per hour")
def pay() -> ResponseReturnValue:
    try:
        url = checkout.start(
            current_user.user_id,
            request.form.get("price", ""),
            complete_url=links.whole("billing.complete"),
            cancel_url=links.whole("billing.plans"),
        )
    except checkout.NotForSale:
        abort(400, "That price is not for sale. Choose one of the plans.")
    except checkout.AlreadySubscribed:
        flash("You have a subscription already: here it is.", "status")
        return redirect(url_for("dashboard.account"), 303)
    return redirect(url, 303)


@bp.get("/checkout/complete")
@login_required
@limiter.limit("30 per minute")
def complete() -> ResponseReturnValue:
    """Where Stripe returns the payer: reads Stripe at once, so that a late webhook is not seen."""
    session_id = request.args.get("session_id", "")
    begun = db.session.get(Checkout, session_id) if plausible(session_id) else None
    if begun is None or begun.user_id != current_user.user_id:
        abort(404)
    try:
        sync.bring_up_to_date(begun.customer_id or begun.stripe_id)
    except stripe_api.StripeError:
        current_app.logger.warning("Stripe did not answer the payer's return", exc_info=True)
        return _confirming(session_id)
    begun = db.session.get_one(Checkout, session_id, populate_existing=True)
    if begun.status in ("open", "expired"):  # came by hand, or too late: nothing was paid
        flash("Nothing was paid. Choose a plan whenever you like.", "status")
        return redirect(url_for("billing.plans"), 303)
    if not _opened(begun):
        return _confirming(session_id)
    flash("Thank you. You are in.", "status")
    way_back = destinations.wanted()
    destinations.forget()
    return redirect(way_back or url_for("premium.index"), 303)


@bp.post("/billing/portal")
@login_required
def portal() -> ResponseReturnValue:
    customer_id = holdings.customer_of(current_user.user_id)
    if customer_id is None:
        flash("There is nothing to manage yet: you have not bought anything.", "status")
        return redirect(url_for("billing.plans"), 303)
    url = stripe_api.client().portal_url(
        customer_id,
        return_url=links.whole("billing.returned"),
    )
    return redirect(url, 303)


@bp.get("/billing/returned")
@login_required
@limiter.limit("30 per minute")
def returned() -> ResponseReturnValue:
    """Where the portal returns a member: what they changed there shows before a webhook came."""
    customer_id = holdings.customer_of(current_user.user_id)
    try:
        if customer_id:
            sync.bring_up_to_date(customer_id)
    except stripe_api.StripeError:
        current_app.logger.warning("Stripe did not answer a member's return", exc_info=True)
    return redirect(url_for("dashboard.account"), 303)


def _opened(begun: Checkout) -> bool:
    """Whether the payment of this session has opened something."""
    return bool(begun.paid_at and showcase.access_of(current_user.user_id, clock.now()))


def _confirming(session_id: str) -> ResponseReturnValue:
    """Paid, but not confirmed: the page asks again by itself, less and less often."""
    looked = request.args.get("looked", 0, type=int)
    page = render_template("billing/confirming.html", session_id=session_id)
    if looked >= LOOKS:
        return page
    again = url_for("billing.complete", session_id=session_id, looked=looked + 1)
    return page, 200, {"Refresh": f"{2 ** (looked + 1)}; url={again}"}
