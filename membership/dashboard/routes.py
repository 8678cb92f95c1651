"""A member's own page: what they have, and where to change it."""

from datetime import timedelta

from flask import Blueprint, render_template
from flask_login import current_user, login_required

from membership import clock, config
from membership.billing import holdings, showcase
from membership.db import db
from membership.newsletter import signup
from membership.newsletter.models import Subscriber

bp = Blueprint("dashboard", __name__)


@bp.get("/account")
@login_required
def account() -> str:
    settings = config.current()
    user_id = current_user.user_id
    return render_template(
        "dashboard/account.html",
        member=current_user,
        access=showcase.access_of(user_id, clock.billing_now()),
        subscriptions=showcase.subscriptions_of(user_id, grace=timedelta(days=settings.grace_days)),
        purchases=showcase.purchases_of(user_id),
        portal=holdings.customer_of(user_id) is not None,
        newsletter=_newsletter(signup.find(db.session(), current_user.email)),
    )


def _newsletter(subscriber: Subscriber | None) -> str:
    """One sentence on where they stand with the newsletter."""
    if subscriber is None or subscriber.confirmed_at is None:
        return "You are not on the newsletter."
    if subscriber.status in (None, "active"):
        return f"The newsletter goes to {subscriber.email}."
    if subscriber.status == "unsubscribed":
        return "You have unsubscribed from the newsletter."
    return f"The newsletter does not reach {subscriber.email} at the moment."
