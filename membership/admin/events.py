"""The desk's events: what Stripe and MailerLite told us, whether it comes, what became of it."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership import dead_letters, jobs, journal, received
from membership.admin import deliveries, desk
from membership.db import transaction
from membership.inbox import InboxEvent

bp = desk.room("desk_events", __name__, "/events")
ON_A_PAGE = 50
SENDERS = {"stripe": "Stripe", "mailerlite": "MailerLite"}
KINDS = {"all": "All", "due": "Due", "failed": "Failed"}


@bp.get("")
def newest() -> str:
    which = request.args.get("which", "all")
    if which not in KINDS:
        abort(404)
    before = request.args.get("before", type=_number)
    found = received.newest(which, before=before, most=ON_A_PAGE + 1)
    shown = found[:ON_A_PAGE]
    return render_template(
        "admin/events.html",
        events=[(event, received.state(event)) for event in shown],
        more=shown[-1].id if len(found) > ON_A_PAGE else None,
        which=which,
        kinds=KINDS,
        senders=SENDERS,
        health=None if before else deliveries.look(jobs.last_beat()),
        ago=desk.ago,
    )


@bp.get("/<int:event_id>")
def event(event_id: int) -> str:
    found = _find(event_id)
    return render_template(
        "admin/event.html",
        event=found,
        sender=SENDERS.get(found.source, found.source),
        state=received.state(found),
        error=received.harmless(found.last_error.rstrip()) if found.last_error else None,
        body=None if found.scrubbed_at else received.body(found),
    )


@bp.post("/<int:event_id>/replay")
def replay(event_id: int) -> ResponseReturnValue:
    found = _find(event_id)
    if found.subject is None:
        flash("This event is about nothing that this site knows: nothing can be done.", "error")
    else:
        with transaction() as rows:
            dead_letters.replay(rows, [found.id])
            journal.record(rows, "owner.replayed", **desk.by_me(), event=found.event_id)
        _hurry()
        flash("It is being worked on again. Load this page once more to see.", "status")
    return redirect(url_for(".event", event_id=event_id), 303)


@bp.post("/replay")
def replay_failed() -> ResponseReturnValue:
    """Every event that failed, or was given up."""
    failed = received.failed()
    count = len(failed)
    with transaction() as rows:
        dead_letters.replay(rows, failed)
        if count:
            journal.record(rows, "owner.replayed", **desk.by_me(), events=count)
    _hurry()
    told = {0: "No event has failed.", 1: "One event is being worked on again."}
    flash(told.get(count, f"{count} events are being worked on again."), "status")
    return redirect(url_for(".newest"), 303)


def _number(text: str) -> int:
    """Of an event. Raises ValueError for what none can have."""
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError(text)
    return number


def _find(event_id: int) -> InboxEvent:
    found = received.find(str(event_id))
    if found is None or found.id != event_id:
        abort(404)
    return found


def _hurry() -> None:
    jobs.nudge("inbox")
    jobs.nudge("needs")
