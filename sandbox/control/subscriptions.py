"""What can be done to a subscription with a button."""

from collections.abc import Callable, Mapping

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from sandbox.control.desk import HOME, Desk, back
from sandbox.store import Document
from sandbox.stripe import renewals, subscriptions
from sandbox.stripe.account import Account

Act = Callable[[Account, Document], object]
ACTS: Mapping[str, tuple[Act, str]] = {
    "renew": (renewals.renew_now, "The renewal is brought forward to now, and charged."),
    "pause": (subscriptions.pause, "It is paused."),
    "resume": (subscriptions.resume, "It goes on."),
    "end-later": (subscriptions.end_later, "It ends when what is paid for is over."),
    "keep": (subscriptions.keep, "It goes on."),
    "end": (subscriptions.end, "It has ended."),
}


def register(room: Blueprint, desk: Desk) -> None:
    @room.post("/subscriptions/<subscription_id>/<act>")
    def subscription(subscription_id: str, act: str) -> Response:
        if act not in ACTS:
            abort(404)
        do, done = ACTS[act]
        with desk.store.lock:
            found = desk.account.get("subscription", subscription_id)
            do(desk.account, found)
        desk.say(done)
        return back(f"{HOME}/customers/{found['customer']}")
