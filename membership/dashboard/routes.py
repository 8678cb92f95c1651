"""A member's own page: what they have, and where to change it."""

from flask import Blueprint, render_template
from flask_login import current_user, login_required

from membership import clock
from membership.billing import belongings, invoices
from membership.billing.belongings import SubscriptionLine
from membership.billing.entitlements import ENDED
from membership.billing.explain import why
from membership.dashboard import feed, letters
from membership.db import db
from membership.newsletter import subscribers

bp = Blueprint("dashboard", __name__)
NEWEST = 200  # entries of a member's story that are shown


@bp.get("/account")
@login_required
def account() -> str:
    user_id, now = current_user.user_id, clock.billing_now()
    return render_template(
        "dashboard/account.html",
        member=current_user,
        access=belongings.access_of(user_id, now),
        subscriptions=_current(belongings.subscriptions_of(user_id, now)),
        purchases=belongings.purchases_of(user_id, now),
        invoices=invoices.of_member(user_id),
        portals=belongings.portals_of(user_id),
        feed=feed.of_member(user_id),
        newsletter=letters.standing(subscribers.find(db.session(), current_user.email)),
    )


@bp.get("/account/why", endpoint="why")
@login_required
def why_page() -> str:
    return render_template(
        "dashboard/why.html",
        explanation=why.explain(
            current_user.user_id, current_user.email, now=clock.billing_now(), newest=NEWEST
        ),
        nothing=why.NOTHING,
        newest=NEWEST,
    )


def _current(subscriptions: list[SubscriptionLine]) -> list[SubscriptionLine]:
    """Of these, the newest first, those that have not ended; when all have, the last of them."""
    return [line for line in subscriptions if line.status not in ENDED] or subscriptions[:1]
