"""What MailerLite calls. It verifies, stores and answers within its three seconds."""

import hmac
import json
from hashlib import sha256

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from membership import config, inbox, jobs, refusals
from membership.db import Busy, transaction_within
from membership.extensions import csrf, limiter
from membership.newsletter.mailing_list import events as list_events

bp = Blueprint("mailerlite_webhook", __name__)
PATIENCE = 2.0  # seconds, of the three that MailerLite waits
NOT_SIGNED = "MailerLite did not sign this"


@bp.post("/webhooks/mailerlite")
@csrf.exempt
@limiter.exempt
def receive() -> ResponseReturnValue:
    """200 once every event of the delivery is stored. 400 for what MailerLite did not sign; 503
    when the database could not be written to in time, and MailerLite sends it again."""
    settings = config.current()
    body = request.get_data(cache=False)
    signature = request.headers.get("Signature", "")
    if not _signed(body, signature, settings.mailerlite_webhook_secret):
        if signature:
            refusals.note(list_events.SOURCE, NOT_SIGNED)
        return jsonify(error=NOT_SIGNED), 400
    try:
        told = list_events.parse(json.loads(body.decode()))
    except (ValueError, RecursionError) as error:
        return jsonify(error=f"the body is not an event: {error}"), 400
    try:
        with transaction_within(PATIENCE) as session:
            stored = inbox.receive(session, told)
    except Busy:
        return jsonify(error="busy: send it again"), 503
    jobs.nudge("inbox")
    return jsonify(stored=stored)


def _signed(body: bytes, signature: str, secret: str | None) -> bool:
    """Hex HMAC-SHA256 over the raw bytes; without a secret nothing is."""
    if not secret:
        return False
    expected = hmac.digest(secret.encode(), body, sha256).hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
