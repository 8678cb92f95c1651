"""`/v1`: one request from its bytes to its answer."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from sandbox import ids
from sandbox.faults import Faults
from sandbox.store import Document
from sandbox.stripe import (
    checkout,
    coupons,
    customers,
    errors,
    events,
    evidence,
    fraud_warnings,
    idempotency,
    invoice_api,
    ownership,
    payment_api,
    payment_links,
    portal,
    portal_configurations,
    products,
    promotion_codes,
    refunds,
    subscription_api,
    test_clocks,
    wire,
)
from sandbox.stripe.account import API_VERSION, CAUSE, Account
from sandbox.stripe.expansion import expanded
from sandbox.stripe.idempotency import Keys
from sandbox.stripe.params import read_all
from sandbox.stripe.routes import Params, Route

ROUTES: list[Route] = [
    *ownership.ROUTES,
    *products.ROUTES,
    *customers.ROUTES,
    *checkout.ROUTES,
    *subscription_api.ROUTES,
    *test_clocks.ROUTES,
    *invoice_api.ROUTES,
    *payment_api.ROUTES,
    *refunds.ROUTES,
    *evidence.ROUTES,
    *fraud_warnings.ROUTES,
    *coupons.ROUTES,
    *promotion_codes.ROUTES,
    *payment_links.ROUTES,
    *portal_configurations.ROUTES,
    *portal.ROUTES,
    *events.ROUTES,
]
# Not Flask's own: each test has a sandbox, and compiling the rules takes longer than all the rest.
ADDRESSES = Map(
    [Rule(f"/v1{route.path}", endpoint=route, methods=[route.method]) for route in ROUTES],
    redirect_defaults=False,
)
LIMITED = 429
LONGEST_KEY = 255  # characters of an Idempotency-Key
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
TEST_KEYS = ("sk_test_", "rk_test_")
LIVE_KEYS = ("sk_live_", "rk_live_")
NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
)


@dataclass
class Api:
    account: Account
    faults: Faults
    keys: Keys = field(default_factory=Keys)

    def blueprint(self) -> Blueprint:
        blueprint = Blueprint("stripe_api", __name__)
        blueprint.add_url_rule(
            "/<path:path>",
            endpoint="call",
            view_func=self._call,
            methods=["GET", "POST", "DELETE", "PUT", "PATCH"],
        )
        return blueprint

    def _call(self, path: str) -> Response:
        request_id = ids.new("req")
        try:
            slow = self._admit() == "slow"
            route, in_address = _route(f"/{path}")
            status, body, original = self._run(route, request_id, slow, in_address)
        except errors.Refusal as refusal:
            status, body, original = refusal.status, self._told(refusal, request_id), None
        return self._response(status, body, request_id, original)

    def _admit(self) -> str | None:
        """What is wrong with this call, unless it is refused for it."""
        _refuse_bad_key(_key())
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise errors.Refusal(
                f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION} alone."
            )
        fault = self.faults.of_stripe()
        if fault == "down":
            raise errors.Refusal(
                "Sorry! There was an error while talking to one of our backends.",
                status=500,
                kind="api_error",
            )
        if fault == "limit":
            raise errors.Refusal(
                "Request rate limit exceeded. You can learn more about rate limits here "
                "https://stripe.com/docs/rate-limits.",
                status=429,
                code="rate_limit",
            )
        return fault

    def _run(
        self, route: Route, request_id: str, slow: bool, in_address: tuple[str, ...]
    ) -> tuple[int, Document, str | None]:
        raw = wire.decoded(_pairs(route.method))
        params = read_all(route.table, raw)
        key = _idempotency_key() if route.method == "POST" else None
        with self._alone(key):
            if slow:
                self.faults.dawdle()
            with self.account.store.lock:
                if key:
                    kept = idempotency.remembered(self.account, key, request.path, raw)
                    if kept:
                        return kept["status"], kept["body"], kept["request_id"]
                status, body = self._act(route, params, request_id, key, in_address)
                if key:
                    idempotency.remember(
                        self.account,
                        key,
                        request.path,
                        raw,
                        status=status,
                        body=body,
                        request_id=request_id,
                    )
        return status, body, request_id if key else None

    def _alone(self, key: str | None) -> AbstractContextManager[None]:
        return self.keys.held(key) if key else nullcontext()

    def _act(
        self,
        route: Route,
        params: Params,
        request_id: str,
        key: str | None,
        in_address: tuple[str, ...],
    ) -> tuple[int, Document]:
        expand = params.pop("expand", None)
        cause = CAUSE.set({"id": request_id, "idempotency_key": key})
        try:
            subject = test_clocks.subject(self.account, params, in_address)
            with self.account.time_of(subject):
                answer = route.act(self.account, params, *in_address)
            return 200, expanded(self.account, answer, expand)
        except errors.Refusal as refusal:
            return refusal.status, self._told(refusal, request_id)
        finally:
            CAUSE.reset(cause)

    def _told(self, refusal: errors.Refusal, request_id: str) -> Document:
        log = f"{self.account.public_url}/requests#{request_id}"
        return {"error": {**refusal.error, "request_log_url": log}}

    def _response(
        self, status: int, body: Document, request_id: str, original: str | None
    ) -> Response:
        response = Response(json.dumps(body), status, mimetype="application/json")
        response.headers["Request-Id"] = request_id
        response.headers["Stripe-Version"] = API_VERSION
        response.headers["Cache-Control"] = "no-cache, no-store"
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key:
            response.headers["Idempotency-Key"] = key
        if status == LIMITED:
            response.headers["Stripe-Rate-Limited-Reason"] = "global-rate"
        if original:
            response.headers["Original-Request"] = original
            response.headers["Stripe-Should-Retry"] = "false"
            if original != request_id:
                response.headers["Idempotent-Replayed"] = "true"
        return response


def _route(path: str) -> tuple[Route, tuple[str, ...]]:
    """What is called, and the ids in the address."""
    try:
        route, in_address = ADDRESSES.bind("").match(path, request.method)
    except HTTPException as error:
        raise errors.no_such_address(request.method, path) from error
    return route, tuple(in_address.values())


def _key() -> str:
    authorization = request.authorization
    if authorization is None:
        return ""
    if authorization.type == "basic":  # as curl -u does it
        return str(authorization.username or "")
    return str(authorization.token or "")


def _refuse_bad_key(key: str) -> None:
    if not key:
        raise errors.unauthenticated(NO_KEY)
    if key.startswith(LIVE_KEYS):
        raise errors.unauthenticated(
            "This is a sandbox on your own machine, and that is a live key: it was refused, and "
            "nothing was done. Use any key that begins with sk_test_."
        )
    if not key.startswith(TEST_KEYS):
        raise errors.unauthenticated(f"Invalid API Key provided: {key[:8]}***")


def _pairs(method: str) -> list[tuple[str, str]]:
    """Parameters are in the body of a POST, and else in the query."""
    if method == "POST":
        _refuse_other_bodies()
        if request.query_string:
            return [*request.args.items(multi=True), *request.form.items(multi=True)]
        return list(request.form.items(multi=True))
    return list(request.args.items(multi=True))


def _refuse_other_bodies() -> None:
    if request.content_length and request.mimetype not in FORMS:
        raise errors.Refusal(
            "Invalid request (check that your POST content type is "
            "application/x-www-form-urlencoded). If you have any questions, we can help at "
            "https://support.stripe.com/."
        )


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key and len(key) > LONGEST_KEY:
        raise errors.Refusal(f"An idempotency key has at most {LONGEST_KEY} characters.")
    return key
