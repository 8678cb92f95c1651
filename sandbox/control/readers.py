"""Who is on MailerLite's list, and what becomes of their mail."""

from collections.abc import Callable, Mapping

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from sandbox.control.desk import HOME, Desk, back
from sandbox.mailerlite import people
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.subscribers import find
from sandbox.paging import page

READERS = f"{HOME}/readers"
ACTS: Mapping[str, tuple[Callable[[Lists, str], object], str]] = {
    "confirm": (people.confirm, "{} is confirmed."),
    "unsubscribe": (people.unsubscribe, "{} is unsubscribed."),
    "bounce": (people.bounce, "Mail to {} bounces."),
    "complain": (people.complain, "{} has called it junk."),
    "delete": (people.delete, "{} is deleted from the list."),
    "forget": (people.forget, "{} is forgotten."),
}


def register(room: Blueprint, desk: Desk) -> None:
    @room.get("/readers")
    def readers() -> str:
        wanted = request.args.get("q", "").strip().lower()
        found = page(desk.store, "subscriber", lambda s: wanted in s["email"])
        groups = {group["id"]: group["name"] for group in desk.store.find("group")}
        return render_template(
            "sandbox/control/readers.html", page=found, wanted=wanted, groups=groups
        )

    @room.post("/readers/<subscriber_id>/<act>")
    def reader(subscriber_id: str, act: str) -> Response:
        if act not in ACTS:
            abort(404)
        do, done = ACTS[act]
        with desk.store.lock:
            email = find(desk.lists, subscriber_id)["email"]
            do(desk.lists, subscriber_id)
        desk.say(done.format(email))
        return back(READERS)
