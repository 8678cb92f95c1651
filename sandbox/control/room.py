"""The control room's addresses, all below `/control`. What changes anything is a POST."""

from flask import Blueprint, render_template

from sandbox.control import (
    clock,
    customers,
    events,
    faults,
    lists,
    payments,
    readers,
    subscriptions,
    words,
)
from sandbox.control.desk import Desk
from sandbox.mailerlite.wire import Refusal as ListRefusal
from sandbox.paging import other_arguments
from sandbox.stripe.errors import Refusal


def blueprint(desk: Desk) -> Blueprint:
    room = Blueprint("control", __name__)
    room.context_processor(lambda: clock.shown(desk))
    room.add_app_template_filter(other_arguments, "other_arguments")
    room.add_app_template_filter(words.clock_time, "clock_time")
    room.add_app_template_filter(words.length, "span_in_words")
    room.add_app_template_filter(words.moment, "moment")
    room.add_app_template_filter(words.state, "state_in_words")
    room.add_app_template_filter(words.plan, "plan_in_words")
    room.register_error_handler(Refusal, lambda refusal: _refused(str(refusal), refusal.status))
    room.register_error_handler(
        ListRefusal, lambda refusal: _refused(refusal.body["message"], refusal.status)
    )
    for part in (clock, customers, subscriptions, payments, readers, lists, events, faults):
        part.register(room, desk)
    return room


def _refused(why: str, status: int) -> tuple[str, int]:
    return render_template("sandbox/control/refused.html", why=why), status
