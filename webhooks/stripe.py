"""What Stripe calls. It verifies, stores and answers; nobody is called from here."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from membership import config, inbox, jobs, refusals
from membership.billing import events, stripe_api
from membership.extensions import csrf, limiter
from membership.vendor_ids import plausible

bp = Blueprint("stripe_webhook", __name__)
OTHER_MODE = "the event is of the other mode than our key"


@bp.post("/webhooks/stripe")
@csrf.exempt
@limiter.exempt
def receive() -> ResponseReturnValue:
    """200 once the event is stored, committed. 400 with a reason for what is not Stripe's."""
    settings = config.current()
    body = request.get_data(cache=False)
    header = request.headers.get("Stripe-Signature", "")
    try:
        event = stripe_api.verified_event(body, header, settings.stripe_webhook_secrets)
    except stripe_api.BadSignature as error:
        if header.startswith("t="):  # else it is no try of Stripe's, nor of anybody who knows it
            refusals.note(events.SOURCE, str(error))
        return jsonify(error=str(error)), 400
    if not plausible(event.get("id")) or not plausible(event.get("type")):
        return jsonify(error="the body is not an event"), 400
    if event.get("livemode") is not settings.livemode:
        refusals.note(events.SOURCE, OTHER_MODE)
        return jsonify(error=OTHER_MODE), 400
    inbox.store(events.row(event, body.decode()))
    jobs.nudge("inbox")
    return jsonify(stored=True)
