"""A member's letters: whether they come, and the switch."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from membership import clock, jobs
from membership.accounts import sessions
from membership.db import db, transaction
from membership.newsletter import subscribers, wording
from membership.newsletter.consents import Place, Proof
from membership.newsletter.models import Subscriber
from membership.newsletter.readers import choosing

bp = Blueprint("letters", __name__)
STOPPED = "No more letters will come. You can have them again whenever you like."
STARTED = "The letters come to you again."
RETURNED = {
    "bounced": "Mail to {} was sent back, so no letters go there. Another address can have them.",
    "junk": "A letter to {} was marked as junk, so none goes there any more. "
    "Another address can have them.",
}


@bp.post("/account/letters")
@login_required
def switch() -> ResponseReturnValue:
    """On or off, by which button was pressed."""
    wanted, now = request.form.get("letters") == "on", clock.now()
    with transaction() as rows:
        email = sessions.hold(rows, current_user.get_id(), now=now).email
        if wanted:
            choosing.start(rows, email, Place.ACCOUNT, Proof.SIGNED_IN, now=now)
        else:
            choosing.stop(rows, email, Place.ACCOUNT, now=now)
    jobs.nudge("subscribers")
    flash(started(email) if wanted else STOPPED, "status")
    return redirect(url_for("dashboard.account"), 303)


def started(email: str) -> str:
    """What is said when they asked for letters: that they come only where they do."""
    if subscribers.gets_letters(db.session(), email):
        return STARTED
    return _sentence(subscribers.find(db.session(), email))


def standing(subscriber: Subscriber | None) -> dict[str, str | bool]:
    """For the page: a sentence on where they stand, whether letters are wanted, whether they come,
    whether they could, and the words beside the button to have them again."""
    wanted = subscriber is not None and subscriber.wants_letters
    possible = subscriber is None or not subscriber.returned
    return {
        "sentence": _sentence(subscriber),
        "wanted": wanted,
        "come": wanted and possible,
        "possible": possible,
        "words": wording.AGAIN,
    }


def _sentence(subscriber: Subscriber | None) -> str:
    if subscriber is not None and subscriber.returned:
        return RETURNED[subscriber.status or ""].format(subscriber.email)
    if subscriber is not None and subscriber.refused:
        return "You have unsubscribed from the newsletter."
    if subscriber is None or not subscriber.wants_letters:
        return "You are not on the newsletter."
    if subscriber.status in (None, "active") or subscriber.resubscribe_at:
        return f"The newsletter goes to {subscriber.email}."
    return f"The newsletter does not reach {subscriber.email} at the moment."
