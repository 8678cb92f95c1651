"""Plans, the way to Stripe's page and back, and the portal."""

from datetime import timedelta
from urllib.parse import urlsplit

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

from membership import clock, limits, links
from membership.accounts import destinations
from membership.billing import (
    belongings,
    bindings,
    checkout,
    holdings,
    invoices,
    showcase,
    stripe_api,
    sync,
)
from membership.billing import portal as billing_portal
from membership.billing.models import Checkout, Subscription
from membership.billing.plans import price_in_words
from membership.billing.portal import Task
from membership.db import db, transaction
from membership.extensions import limiter
from membership.limits import Door, Limit
from membership.vendor_ids import plausible

bp = Blueprint("billing", __name__)
NOT_FOR_SALE = "That price is not for sale. Choose one of the plans."
FOUND = "We found a payment made with your address. What it opens is open to you now."
PAGES = Door(
    "checkout",
    "You have opened many pages to pay on in a short time.",
    per_account=(Limit(20, timedelta(hours=1)),),
)
PATIENCE = (1, 2, 3, *[5] * 11)  # seconds between looks at a payment under way, a minute in all


@bp.get("/plans")
def plans() -> ResponseReturnValue:
    """`price` is what they had chosen, before they signed in or came back from Stripe's page;
    `every` whether they look at what it costs by the year."""
    destinations.remember()
    user_id = current_user.user_id if current_user.is_authenticated else None
    if user_id and bindings.look_again(user_id, current_user.email):
        return _has_paid()
    found = showcase.plans_for(user_id, chosen=request.args.get("price"))
    return render_template(
        "billing/plans.html",
        plans=found,
        every=showcase.every(found, request.args.get("every")),
        subscribed=bool(user_id and holdings.live_subscription(user_id)),
    )


@bp.post("/checkout", endpoint="checkout")
@limiter.limit("30 per hour")
def pay() -> ResponseReturnValue:
    price_id = request.form.get("price", "")
    if not current_user.is_authenticated:
        return _sign_in_first(price_id)
    if bindings.look_again(current_user.user_id, current_user.email):
        return _has_paid()
    with transaction() as rows:
        account = str(current_user.user_id)
        limits.knock(rows, PAGES, account=account, now=clock.now(), back=url_for("billing.plans"))
    try:
        url = checkout.start(
            current_user.user_id,
            price_id,
            complete_url=links.whole("billing.complete"),
            cancel_url=links.whole("billing.plans", price=price_id),
        )
    except checkout.NotForSale:
        abort(400, NOT_FOR_SALE)
    except checkout.AlreadySubscribed:
        flash("You have a subscription already: here it is.", "status")
        return redirect(url_for("dashboard.account"), 303)
    return redirect(url, 303)


@bp.get("/checkout/complete")
@login_required
@limiter.limit("30 per minute")
def complete() -> ResponseReturnValue:
    """Where Stripe returns the payer: reads Stripe at once, so that a late webhook is not seen."""
    begun = _begun_here()
    if not _brought_up_to_date(begun):
        return _confirming(begun.stripe_id)
    begun = db.session.get_one(Checkout, begun.stripe_id, populate_existing=True)
    if begun.status in ("open", "expired"):  # came by hand, or too late: nothing was paid
        flash("Nothing was paid. Choose a plan whenever you like.", "status")
        return redirect(url_for("billing.plans"), 303)
    if not _opened(begun):
        return _confirming(begun.stripe_id, slow=begun.payment_status == "unpaid")
    flash("Thank you. You are in.", "status")
    way_back = _way_back()
    destinations.forget()
    return redirect(way_back or url_for("premium.index"), 303)


@bp.get("/checkout/complete.json", endpoint="is_complete")
@login_required
@limiter.limit("30 per minute")
def is_complete() -> ResponseReturnValue:
    """The same for the page that waits: whether looking at it would lead on by now."""
    begun = _begun_here()
    if not _brought_up_to_date(begun):
        return {"leads_on": False}
    begun = db.session.get_one(Checkout, begun.stripe_id, populate_existing=True)
    return {"leads_on": begun.status in ("open", "expired") or _opened(begun)}


@bp.post("/billing/portal")
@login_required
@limiter.limit("30 per hour")
def portal() -> ResponseReturnValue:
    """`customer` is one of the member's own, when they have several; `task` what they came for."""
    user_id = current_user.user_id
    wanted = request.form.get("customer") or holdings.customer_of(user_id)
    if wanted is None:
        flash("There is nothing to manage yet: you have not bought anything.", "status")
        return redirect(url_for("billing.plans"), 303)
    if wanted not in {customer.stripe_id for customer in holdings.customers_of(user_id)}:
        abort(404)
    task = request.form.get("task")
    url = billing_portal.url(
        wanted,
        return_url=links.whole("billing.returned"),
        task=Task(task) if task in set(Task) else None,
    )
    return redirect(url, 303)


@bp.post("/billing/keep")
@login_required
@limiter.limit("30 per hour")
def keep() -> ResponseReturnValue:
    """A member who has cancelled thinks better of it: `subscription` is one of their own."""
    wanted = request.form.get("subscription", "")
    theirs = holdings.subscriptions_of(current_user.user_id)
    row = db.session.scalars(theirs.where(Subscription.stripe_id == wanted)).first()
    if row is None:
        abort(404)
    customer_id = row.customer_id
    try:
        stripe_api.client().keep(wanted)
    except stripe_api.StripeRefused:  # it has ended meanwhile, or our key may not: on their page
        back = links.whole("billing.returned")
        return redirect(billing_portal.url(customer_id, return_url=back), 303)
    sync.bring_up_to_date(customer_id)
    flash("It goes on. Nothing was charged just now.", "status")
    return redirect(url_for("dashboard.account"), 303)


@bp.get("/billing/invoices/<invoice_id>")
@login_required
@limiter.limit("60 per hour")
def invoice(invoice_id: str) -> ResponseReturnValue:
    """To its PDF at Stripe, by an address that is asked for each time."""
    if not (plausible(invoice_id) and invoices.is_theirs(current_user.user_id, invoice_id)):
        abort(404)
    address = stripe_api.client().invoice_address(invoice_id)
    return redirect(address, 303) if address else abort(404)


@bp.get("/billing/returned")
@login_required
@limiter.limit("30 per minute")
def returned() -> ResponseReturnValue:
    """Where the portal returns a member: what they changed there shows before a webhook came."""
    try:
        for customer_id in [c.stripe_id for c in holdings.customers_of(current_user.user_id)]:
            sync.bring_up_to_date(customer_id)
    except stripe_api.StripeError:
        current_app.logger.warning("Stripe did not answer a member's return", exc_info=True)
    return redirect(url_for("dashboard.account"), 303)


def _has_paid() -> ResponseReturnValue:
    """What was found is shown before anything is sold, so that nobody pays for it twice."""
    flash(FOUND, "status")
    return redirect(url_for("dashboard.account"), 303)


def _sign_in_first(price_id: str) -> ResponseReturnValue:
    """To the sign-in page, which also leads to joining; then to the plans, with the choice kept."""
    price = checkout.for_sale(price_id)
    if price is None:
        abort(400, NOT_FOR_SALE)
    flash(f"You chose {price_in_words(price)}. Sign in or join, then you pay.", "status")
    way_on = url_for("billing.plans", price=price_id, next=_way_back())
    return redirect(url_for("accounts.login", next=way_on), 303)


def _way_back() -> str | None:
    """Where they were before they looked at the plans."""
    wanted = destinations.wanted()
    return None if wanted and urlsplit(wanted).path == url_for("billing.plans") else wanted


def _opened(begun: Checkout) -> bool:
    """Whether this session has opened something. A subscription may be open before its first
    debit has arrived, a one-off may not."""
    settled = begun.paid_at or begun.mode == "subscription"
    return bool(settled and belongings.access_of(current_user.user_id, clock.billing_now()))


def _begun_here() -> Checkout:
    """The Checkout Session that is asked about, which must be this member's own."""
    session_id = request.args.get("session_id", "")
    begun = db.session.get(Checkout, session_id) if plausible(session_id) else None
    if begun is None or begun.user_id != current_user.user_id:
        abort(404)
    return begun


def _brought_up_to_date(begun: Checkout) -> bool:
    """Whether Stripe has answered."""
    try:
        sync.bring_up_to_date(begun.customer_id or begun.stripe_id)
    except stripe_api.StripeError:
        current_app.logger.warning("Stripe did not answer the payer's return", exc_info=True)
        return False
    return True


def _confirming(session_id: str, *, slow: bool = False) -> ResponseReturnValue:
    """Paid, but not confirmed: the page looks again by itself for a minute, with a script or
    without. Not when it is `slow`, a debit that takes the bank days."""
    looked = min(max(request.args.get("looked", 0, type=int), 0), len(PATIENCE))
    return render_template(
        "billing/confirming.html",
        session_id=session_id,
        slow=slow,
        waits=() if slow else PATIENCE[looked:],
        looked=looked,
    )
