"""Events, each with every attempt to deliver it and its answer; and sending again."""

import json
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from sandbox.control.desk import HOME, Desk, back
from sandbox.deliveries import KIND
from sandbox.mailerlite.deliveries import NAME as MAILERLITE
from sandbox.paging import page
from sandbox.store import Document
from sandbox.stripe.errors import no_such

EVENTS = f"{HOME}/events"


def register(room: Blueprint, desk: Desk) -> None:
    @room.get("/events")
    def events() -> str:
        """`q` is a part of a type or an id; `undelivered` leaves out what has arrived."""
        wanted = request.args.get("q", "").strip().lower()
        undelivered = "undelivered" in request.args

        def fits(event: Document) -> bool:
            told = f"{event['type']} {event['id']} {event['data']['object'].get('id', '')}".lower()
            return wanted in told and not (undelivered and _arrived(desk, event))

        found = page(desk.store, "event", fits)
        return render_template(
            "sandbox/control/events.html",
            page=found,
            wanted=wanted,
            undelivered=undelivered,
            rows=[{"event": each, **_deliveries(desk, each)} for each in found.documents],
        )

    @room.get("/events/<event_id>")
    def event(event_id: str) -> str:
        found = desk.account.get("event", event_id)
        return render_template(
            "sandbox/control/event.html",
            event=found,
            shown=json.dumps(found["data"], indent=2, ensure_ascii=False),
            **_deliveries(desk, found),
        )

    @room.get("/deliveries/mailerlite")
    def list_events() -> str:
        found = page(desk.store, KIND, lambda delivery: delivery["sender"] == MAILERLITE)
        return render_template("sandbox/control/list_events.html", page=found)

    @room.post("/deliveries/<delivery_id>/send")
    def send(delivery_id: str) -> Response:
        if not desk.store.get(KIND, delivery_id):
            raise no_such("delivery", delivery_id)
        desk.courier.send_again(delivery_id)
        tried = desk.store.get(KIND, delivery_id)
        status = tried["attempts"][-1]["status"] if tried and tried["attempts"] else None
        desk.say(f"Sent again: the answer was {status}." if status else "Sent again: no answer.")
        return back(EVENTS)

    @room.post("/deliveries/send")
    def send_all() -> Response:
        number = desk.courier.deliver_pending()
        desk.say(f"{number or 'No'} deliver{'y was' if number == 1 else 'ies were'} waiting.")
        return back(EVENTS)


def _deliveries(desk: Desk, event: Document) -> dict[str, Any]:
    return {"deliveries": desk.courier.of(event["id"])}


def _arrived(desk: Desk, event: Document) -> bool:
    return all(delivery["state"] == "delivered" for delivery in desk.courier.of(event["id"]))
