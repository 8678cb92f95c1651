"""What our own rows say about payments and Stripe's calls."""

from sqlalchemy import func, select

from membership import inbox, received
from membership.billing import events
from membership.billing.models import UnclaimedPayment
from membership.billing.repair import findings
from membership.billing.repair.findings import Finding, State
from membership.db import db
from membership.doctor.findings import Check, Said, look, well
from membership.doctor.visit import Visit


def _webhooks(visit: Visit) -> Said:
    if refusal := received.refused_lately(events.SOURCE, visit.now):
        return look(
            f"The last event was refused, at {refusal.at:%Y-%m-%d %H:%M} UTC: {refusal.reason}.",
            "Compare STRIPE_WEBHOOK_SECRET with the secret of your endpoint in Stripe's dashboard "
            "(Workbench, Webhooks), and restart. If they are the same, somebody only pretended.",
        )
    taken = inbox.last_received(events.SOURCE)
    if taken is None:
        return look(
            "Stripe has never told us anything.",
            "On a new site that is so until the first purchase: make one. Else see endpoint here.",
        )
    return well(f"The last event came at {taken:%Y-%m-%d %H:%M} UTC.")


def _unclaimed(_: Visit) -> Said:
    waiting = select(func.count()).where(UnclaimedPayment.settled_at.is_(None))
    count = db.session.scalar(waiting) or 0
    if count:
        return look(
            f"{count} {'payment has' if count == 1 else 'payments have'} not found a member.",
            "flask billing unclaimed lists them, with who it may be; flask billing bind KEY EMAIL.",
        )
    return well("Every payment has found its member.")


def _comparison(_: Visit) -> Said:
    run = findings.latest(db.session())
    if run is None:
        return well("Nothing has been compared with Stripe yet; it is done each night.")
    if run.braked:
        return look(
            f"Mending what the last one found would close {run.closing} of {run.live_grants} "
            "grants at once, so nothing was closed.",
            "flask billing findings. Look at some at Stripe; if it is right: "
            "flask billing reconcile --force.",
        )
    asked = select(func.count()).where(Finding.run_id == run.id, Finding.state == State.ASKED)
    if run.error or db.session.scalar(asked):
        return look("The last one left something for you to look at.", "flask billing findings.")
    return well(f"The last one, of {run.looked_at} objects, left nothing open.")


ROWS = ("database", "migrations")
CHECKS = (
    Check(
        "webhooks", "Renewals, failed cards and refunds are told by them alone.", _webhooks, ROWS
    ),
    Check(
        "comparison",
        "What webhooks lost is found by comparing everything with Stripe.",
        _comparison,
        ROWS,
    ),
    Check("unclaimed-payments", "Somebody paid, and reads nothing for it.", _unclaimed, ROWS),
)
