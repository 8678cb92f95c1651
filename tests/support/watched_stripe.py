"""The sandbox's Stripe, with somebody standing at the door who counts, and may shut it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from flask import Flask, Response, request

from tests.support.ports import free_ports
from tests.support.served import served

JSON = "application/json"


class Watched:
    """`calls`: what was asked for, in order. `down_after`: how many are answered before Stripe is
    down; None, all of them. `account`: the id that Stripe says the key is of, when not its own;
    `secretive`: the key may not ask; `loses`: the path whose answers are lost on their way;
    `refuses`: the path whose requests are answered with `refusal`, and so is whatever comes again
    with the same key; `holds`: the path whose requests wait, once `held`, until `let_go`;
    `forbids`: a word in what a restricted key may not ask for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[str] = []
        self.down_after: int | None = None
        self.account: str | None = None
        self.secretive = False
        self.loses: str | None = None
        self.refuses: str | None = None
        self.refusal = 400
        self.forbids: str | None = None
        self.refused_keys: set[str] = set()
        self.holds: str | None = None
        self.held, self.let_go = threading.Event(), threading.Event()

    def asked_for(self, path: str) -> list[str]:
        return [call for call in self.calls if call.partition("?")[0] == path]


@contextmanager
def watched(stripe_base: str) -> Iterator[Watched]:
    """Everything is handed on to the Stripe at `stripe_base`."""
    app = Flask("watched_stripe")
    port = free_ports(1)[0]
    door = Watched(f"http://127.0.0.1:{port}")

    @app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
    def hand_on(path: str) -> Response:
        door.calls.append(f"{path}?{request.query_string.decode()}")
        if door.down_after is not None and len(door.calls) > door.down_after:
            return Response('{"error": {"type": "api_error"}}', 500, content_type=JSON)
        if door.secretive and path == "v1/account":
            return Response('{"error": {"message": "no permission"}}', 403, content_type=JSON)
        if door.forbids and door.forbids in door.calls[-1]:
            return Response('{"error": {"message": "no permission"}}', 403, content_type=JSON)
        if door.account and path == "v1/account":
            body = app.json.dumps({"id": door.account, "object": "account"})
            return Response(body, 200, content_type=JSON)
        key = request.headers.get("Idempotency-Key", "")
        if path == door.refuses or key in door.refused_keys:
            door.refused_keys.add(key)
            body = app.json.dumps({"error": {"type": "api_error", "message": "Not enough money."}})
            return Response(body, door.refusal, content_type=JSON)
        if path == door.holds:
            door.held.set()
            door.let_go.wait(10)
        found = requests.request(
            request.method,
            f"{stripe_base}/{path}",
            params=request.query_string,
            data=request.get_data(),
            headers={name: value for name, value in request.headers if name != "Host"},
            timeout=30,
        )
        if path == door.loses:
            return Response('{"error": {"type": "api_error"}}', 500, content_type=JSON)
        return Response(found.content, found.status_code, content_type=JSON)

    with served(app, port):
        yield door
