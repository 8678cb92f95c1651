"""`/mailerlite/api`: one request from its bytes to its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, request

from sandbox.faults import Faults
from sandbox.mailerlite import batch
from sandbox.mailerlite.budget import MINUTE, Budget
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.routes import route
from sandbox.mailerlite.troubles import ANSWERS, TO_WRITES, TOO_MANY, TOO_MANY_IMPORTS, UNKNOWN
from sandbox.mailerlite.wire import Call, Refusal, Reply, dumped

WRITES = {"POST", "PUT", "DELETE"}


@dataclass
class Api:
    """`imports` are batches that only make subscribers."""

    lists: Lists
    faults: Faults
    budget: Budget = field(default_factory=Budget)
    imports: Budget = field(default_factory=lambda: Budget(5))

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("mailerlite_api", __name__)
        blueprint.add_url_rule(
            "/<path:path>", view_func=self._view, methods=["GET", "POST", "PUT", "DELETE"]
        )
        return blueprint

    def _view(self, path: str) -> Response:
        fault = self.faults.of_mailerlite(f"{request.method} {path}")
        if not _authenticated() or fault == "unauthorized":
            return _response(*UNKNOWN, {})
        remaining, wait = self.budget.spend()
        headers = {
            "X-RateLimit-Limit": str(self.budget.limit),
            "X-RateLimit-Remaining": str(remaining),
        }
        if wait or fault == "limit":
            headers["Retry-After"] = str(wait or int(MINUTE))
            return _response(*TOO_MANY, headers)
        if fault == "hang":
            self.faults.hang()
        if fault in ANSWERS:
            return _response(*ANSWERS[fault], headers)
        if fault == "slow":
            self.faults.dawdle()
        if fault in TO_WRITES and request.method in WRITES:
            return _response(*TO_WRITES[fault], headers)
        status, body = self._answer(path, headers)
        return _response(status, body, headers)

    def _answer(self, path: str, headers: dict[str, str]) -> Reply:
        try:
            body = _body()
            with self.lists.one_act():
                if (request.method, path) == ("POST", "batch"):
                    return self._batch(body, headers)
                return self._dispatch(request.method, path, body, request.args)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def _batch(self, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        requests = batch.read(body)
        wait = self.imports.spend()[1] if batch.is_import(requests) else 0
        if wait:
            headers["Retry-After"] = str(wait)
            return TOO_MANY_IMPORTS
        return batch.answer(requests, self._one_of_many)

    def _one_of_many(
        self, method: str, path: str, body: dict[str, Any], query: Mapping[str, str]
    ) -> Reply:
        """What strikes certain calls alone strikes them in a batch, too."""
        called = self.faults.mailerlite_only
        fault = self.faults.of_mailerlite(f"{method} {path}") if called else None
        if fault in ANSWERS:
            return ANSWERS[fault]
        return self._dispatch(method, path, body, query)

    def _dispatch(
        self, method: str, path: str, body: dict[str, Any], query: Mapping[str, str]
    ) -> Reply:
        found = route(method, path)
        if found is None:
            raise Refusal(404, {"message": f"The route api/{path} could not be found."})
        act, ids = found
        call = Call(body, query, f"{self.lists.public_url}/mailerlite/api/{path}")
        return act(self.lists, call, *map(unquote, ids))


def _authenticated() -> bool:
    """Any key will do, as long as there is one."""
    authorization = request.authorization
    return bool(authorization and authorization.type == "bearer" and authorization.token)


def _body() -> dict[str, Any]:
    """The object in the body; whatever else is there counts as nothing, and so does what PHP does
    not read: NaN, half a surrogate pair, and what is nested without end.
    """
    try:
        body = json.loads(request.get_data() or b"{}", parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _response(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    """As JSON; bytes are a page of whatever stands before MailerLite."""
    if isinstance(body, bytes):
        response = Response(body, status, mimetype="text/html")
    elif body is None:
        response = Response(None, status)
        del response.headers["Content-Type"]
    else:
        response = Response(dumped(body), status, mimetype="application/json")
    response.headers.update(headers)
    return response
