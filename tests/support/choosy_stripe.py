"""The sandbox's Stripe as an account that lacks one thing: it refuses whatever mentions it."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from flask import Flask, Response, request

from tests.support.ports import free_ports
from tests.support.served import served

JSON = "application/json"


@contextmanager
def refusing(stripe_base: str, word: str) -> Iterator[str]:
    """Its address. Everything else is handed on to the Stripe at `stripe_base`."""
    app = Flask("choosy_stripe")

    @app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
    def hand_on(path: str) -> Response:
        body = request.get_data()
        if word.encode() in body + request.query_string:
            error = {"type": "invalid_request_error", "message": f"You cannot use {word}."}
            return Response(app.json.dumps({"error": error}), 400, content_type=JSON)
        found = requests.request(
            request.method,
            f"{stripe_base}/{path}",
            params=request.query_string,
            data=body,
            headers={name: value for name, value in request.headers if name != "Host"},
            timeout=10,
        )
        return Response(found.content, found.status_code, content_type=JSON)

    port = free_ports(1)[0]
    with served(app, port):
        yield f"http://127.0.0.1:{port}"
