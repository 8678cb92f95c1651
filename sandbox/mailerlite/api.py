"""`/mailerlite/api`: one request from its bytes to its answer."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, request

from sandbox.faults import Faults
from sandbox.mailerlite import automations, fields, groups, subscribers, webhooks
from sandbox.mailerlite.lists import Lists
from sandbox.mailerlite.wire import Call, Refusal, Reply, dumped, invalid

MINUTE = 60.0
BATCH = 50
WRITES = {"POST", "PUT"}
ROUTES: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
    ("POST", "subscribers", subscribers.upsert),
    ("GET", "subscribers", subscribers.list_),
    ("GET", "subscribers/{}", subscribers.get),
    ("PUT", "subscribers/{}", subscribers.put),
    ("DELETE", "subscribers/{}", subscribers.delete),
    ("POST", "subscribers/{}/forget", subscribers.forget),
    ("POST", "subscribers/{}/groups/{}", subscribers.join),
    ("DELETE", "subscribers/{}/groups/{}", subscribers.leave),
    ("GET", "groups", groups.list_),
    ("POST", "groups", groups.create),
    ("PUT", "groups/{}", groups.put),
    ("DELETE", "groups/{}", groups.delete),
    ("GET", "groups/{}/subscribers", subscribers.of_group),
    ("GET", "fields", fields.list_),
    ("POST", "fields", fields.create),
    ("PUT", "fields/{}", fields.put),
    ("DELETE", "fields/{}", fields.delete),
    ("GET", "automations", automations.list_),
    ("GET", "automations/{}", automations.get),
    ("GET", "automations/{}/activity", automations.activity),
    ("GET", "webhooks", webhooks.list_),
    ("POST", "webhooks", webhooks.create),
    ("GET", "webhooks/{}", webhooks.get),
    ("PUT", "webhooks/{}", webhooks.put),
    ("DELETE", "webhooks/{}", webhooks.delete),
)
PATTERNS = [
    (method, re.compile(path.replace("{}", "([^/]+)")), act) for method, path, act in ROUTES
]


@dataclass
class Budget:
    """How many calls there may be in a minute, and when there were any."""

    limit: int = 120
    _calls: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def spend(self) -> tuple[int, int]:
        """Calls that remain after this one, and seconds to wait when this one was too many."""
        now = time.monotonic()
        with self._lock:
            while self._calls and self._calls[0] <= now - MINUTE:
                self._calls.popleft()
            if len(self._calls) >= self.limit:
                first = self._calls[0] if self._calls else now
                return 0, int(first + MINUTE - now) + 1
            self._calls.append(now)
            return self.limit - len(self._calls), 0


@dataclass
class Api:
    lists: Lists
    faults: Faults
    budget: Budget = field(default_factory=Budget)

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("mailerlite_api", __name__)
        blueprint.add_url_rule(
            "/<path:path>", view_func=self._view, methods=["GET", "POST", "PUT", "DELETE"]
        )
        return blueprint

    def _view(self, path: str) -> Response:
        if not _authenticated():
            return _response(401, {"message": "Unauthenticated."}, {})
        remaining, wait = self.budget.spend()
        headers = {
            "X-RateLimit-Limit": str(self.budget.limit),
            "X-RateLimit-Remaining": str(remaining),
        }
        fault = self.faults.of_mailerlite()
        if wait or fault == "limit":
            headers["Retry-After"] = str(wait or int(MINUTE))
            return _response(429, {"message": "Too Many Attempts."}, headers)
        if fault == "down":
            return _response(503, {"message": "Service Unavailable"}, headers)
        if fault == "slow":
            self.faults.dawdle()
        status, body = self._answer(path, refuse=fault == "refuse")
        return _response(status, body, headers)

    def _answer(self, path: str, *, refuse: bool) -> Reply:
        try:
            body = _body()
            if (request.method, path) == ("POST", "batch"):
                return self._batch(body, refuse=refuse)
            return self._dispatch(request.method, path, body, request.args, refuse=refuse)
        except Refusal as refusal:
            return refusal.status, refusal.body

    def _dispatch(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        query: Mapping[str, str],
        *,
        refuse: bool,
    ) -> Reply:
        for verb, pattern, act in PATTERNS:
            found = pattern.fullmatch(path)
            if verb == method and found:
                if refuse and method in WRITES:
                    raise subscribers.refused()
                call = Call(body, query, f"{self.lists.public_url}/mailerlite/api/{path}")
                with self.lists.store.lock:
                    return act(self.lists, call, *found.groups())
        raise Refusal(404, {"message": f"The route api/{path} could not be found."})

    def _batch(self, body: dict[str, Any], *, refuse: bool) -> Reply:
        """Many calls in one, each with its own answer; the whole is always 200."""
        requests = body.get("requests")
        if not isinstance(requests, list) or not requests:
            raise invalid(requests="The requests field is required.")
        if len(requests) > BATCH:
            raise invalid(requests=f"The requests must not have more than {BATCH} items.")
        responses = [self._one_of_batch(each, refuse=refuse) for each in requests]
        good = sum(each["code"] < 400 for each in responses)
        return 200, {
            "total": len(responses),
            "successful": good,
            "failed": len(responses) - good,
            "responses": responses,
        }

    def _one_of_batch(self, each: Any, *, refuse: bool) -> dict[str, Any]:
        if not isinstance(each, dict) or not str(each.get("path", "")).startswith("api/"):
            return {"code": 422, "body": {"message": "The path must start with api/."}}
        parts = urlsplit(str(each["path"]).removeprefix("api/"))
        body = each.get("body") if isinstance(each.get("body"), dict) else {}
        try:
            method = str(each.get("method", "")).upper()
            code, answer = self._dispatch(
                method, parts.path, body or {}, dict(parse_qsl(parts.query)), refuse=refuse
            )
        except Refusal as refusal:
            code, answer = refusal.status, refusal.body
        return {"code": code, "body": answer}


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
    response = Response(None if body is None else dumped(body), status)
    if body is None:
        del response.headers["Content-Type"]
    else:
        response.mimetype = "application/json"
    response.headers.update(headers)
    return response
