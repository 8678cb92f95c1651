"""The desk's page for ending one of two subscriptions."""

from dataclasses import dataclass

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from membership import jobs
from membership.accounts.models import User
from membership.admin import desk
from membership.admin.money_forms import EndDouble, LetBe
from membership.billing import attention, doubles, holdings, payers
from membership.billing.doubles import Ending
from membership.billing.models import Payment, Subscription
from membership.billing.payers import Bought, Paid
from membership.billing.stripe_api import StripeError
from membership.db import db, transaction
from membership.vendor_ids import plausible

bp = desk.room("desk_doubles", __name__, "/payments/subscriptions")


LEFT = "Somebody who is no member any more"


@dataclass(frozen=True)
class Double:
    """A subscription that may be ended: `others` stay. `back` is given back, None is nothing.

    `ending` is how far that has come, None while nobody has asked for it.
    """

    member: str
    bought: Bought
    last: Paid | None
    back: Paid | None
    others: list[Bought]
    newest: bool
    ending: Ending | None
    half_done: bool


@bp.get("/<subscription_id>")
def page(subscription_id: str) -> ResponseReturnValue:
    double = _look(subscription_id)
    return _page(double, _form(double))


@bp.post("/<subscription_id>")
def end(subscription_id: str) -> ResponseReturnValue:
    double = _look(subscription_id)
    form = EndDouble()
    if not form.validate_on_submit():
        return _page(double, form), 422
    by = desk.by_me(_user_id(subscription_id))
    try:
        doubles.end(subscription_id, seen=form.payment.data or None, amount=form.amount.data, by=by)
    except doubles.NotTwo:
        flash("Nothing was changed: this member has no second subscription any more.", "error")
        return redirect(url_for("desk_payments.waiting"), 303)
    except doubles.OtherPayment:
        flash("Nothing was changed: something was paid or refunded meanwhile. Look again.", "error")
        return redirect(url_for(".page", subscription_id=subscription_id), 303)
    except StripeError as error:
        current_app.logger.warning("%s was not ended as a whole", subscription_id, exc_info=True)
        flash(f"Stripe did not do all of it: {error}", "error")
        return redirect(url_for(".page", subscription_id=subscription_id), 303)
    finally:
        jobs.nudge("needs")
    flash(_done(double), "status")
    return redirect(url_for("desk_payments.waiting"), 303)


@bp.get("/<subscription_id>/leave")
def leave_page(subscription_id: str) -> str:
    return render_template("admin/leave.html", double=_half(subscription_id), form=LetBe())


@bp.post("/<subscription_id>/leave")
def leave(subscription_id: str) -> ResponseReturnValue:
    """Nothing more is given back."""
    double, form = _half(subscription_id), LetBe()
    if not form.validate_on_submit():
        return render_template("admin/leave.html", double=double, form=form), 422
    by = desk.by_me(_user_id(subscription_id))
    with transaction() as rows:
        doubles.let_be(rows, subscription_id, by=by)
    jobs.nudge("needs")
    flash("It is left as it is: nothing more is given back.", "status")
    return redirect(url_for("desk_payments.waiting"), 303)


def _form(double: Double) -> EndDouble:
    back = double.back
    return EndDouble(payment=back.payment_intent if back else "", amount=back.left if back else 0)


def _page(double: Double, form: EndDouble) -> str:
    return render_template("admin/double.html", double=double, form=form)


def _done(double: Double) -> str:
    back = f", and {double.back.left_in_words} goes back to the payer" if double.back else ""
    return f"{double.bought.name} has ended{back}."


def _half(subscription_id: str) -> Double:
    """404 unless it is half done."""
    double = _look(subscription_id)
    if not double.half_done:
        abort(404)
    return double


def _user_id(subscription_id: str) -> int | None:
    """None for one of nobody's, or of a member who has left."""
    return doubles.whose(subscription_id) if plausible(subscription_id) else None


def _look(subscription_id: str) -> Double:
    """404 for a subscription of somebody who has one, unless its end is half done."""
    session = db.session()
    user_id = _user_id(subscription_id)
    row = session.get(Subscription, subscription_id) if plausible(subscription_id) else None
    ending = doubles.find(session, subscription_id) if row else None
    half_done = ending is not None and doubles.is_half_done(session, ending)
    ids = attention.subscriptions_of(session, user_id) if user_id is not None else []
    if row is None or not (half_done or (subscription_id in ids and len(ids) > 1)):
        abort(404)
    keys = {row.customer_id, *(holdings.payers_of(user_id) if user_id is not None else ())}
    read = payers.read(session, keys).values()
    bought = {one.id: one for payer in read for one in payer.bought}
    this, others = bought[subscription_id], [bought[id_] for id_ in ids if id_ != subscription_id]
    last = session.get(Payment, row.latest_payment) if row.latest_payment else None
    back = doubles.to_give_back(session, row)
    if half_done and ending:
        back = session.get(Payment, ending.payment_intent)
    return Double(
        member=session.get_one(User, user_id).email if user_id is not None else LEFT,
        bought=this,
        last=payers.paid(last) if last else None,
        back=payers.paid(back) if back else None,
        others=others,
        newest=all(this.at >= other.at for other in others),
        ending=ending,
        half_done=half_done,
    )
