"""Events as the API shows them, the endpoints they go to, and how they are signed."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial

from sandbox import ids
from sandbox.deliveries import Sender
from sandbox.faults import Faults
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import API_VERSION, SENDER, Account
from sandbox.stripe.params import Flag, Many, Metadata, Span, Table, Text, merged, within
from sandbox.stripe.routes import Params, delete, get, index, post

TOO_OLD = 60 * 60  # seconds; a receiver takes what is five minutes old
MONTH = 30 * 24 * 60 * 60
CONFIGURED = "we_1ConfiguredAtTheStart"  # the endpoint that Sandbox.webhook_url is about
WRITE: Table = {
    "description": Text(),
    "enabled_events": Many(Text(), most=500),
    "metadata": Metadata(),
    "url": Text(),
}
CREATE: Table = {
    **WRITE,
    "api_version": Text(),
    "enabled_events": Many(Text(), most=500, required=True),
    "url": Text(required=True),
}


def signature(secret: str, body: bytes, faults: Faults) -> Mapping[str, str]:
    """The header of an attempt made now; real time, whatever the sandbox's clock says."""
    old = faults.happens(faults.webhooks.old_timestamp)
    moment = int(time.time()) - (TOO_OLD if old else 0)
    if faults.happens(faults.webhooks.wrong_secret):
        secret = ids.new("whsec")
    secrets = [ids.new("whsec"), secret] if faults.webhooks.two_signatures else [secret]
    signed = f"{moment}.".encode() + body
    schemes = [f"v1={hmac.new(s.encode(), signed, hashlib.sha256).hexdigest()}" for s in secrets]
    return {
        "Stripe-Signature": ",".join([f"t={moment}", *schemes]),
        "User-Agent": "Stripe/1.0 (sandbox)",
    }


def sender(intervals: tuple[float, ...], faults: Faults) -> Sender:
    sign = partial(signature, faults=faults)
    return Sender(SENDER, sign, patience=20, intervals=intervals)


def retrieve(account: Account, _params: Params, event_id: str) -> Document:
    event = account.get("event", event_id)
    if event["created"] < account.now() - MONTH:
        raise errors.no_such("event", event_id)
    return _now(account, event)


def list_(account: Account, params: Params) -> Document:
    if "type" in params and "types" in params:
        raise errors.Refusal("You may only specify one of these parameters: type, types.")
    delivered = params.get("delivery_success")
    types = params.get("types") or [params.get("type") or "*"]
    recent = account.now() - MONTH

    def wanted(event: Document) -> bool:
        return (
            event["created"] >= recent
            and within(params.get("created"), event["created"])
            and any(fnmatchcase(event["type"], each) for each in types)
            and (delivered is None or _delivered(account, event) == delivered)
        )

    page = lists.newest(account, "event", "/v1/events", params, wanted)
    return {**page, "data": [_now(account, event) for event in page["data"]]}


def _delivered(account: Account, event: Document) -> bool:
    return all(d["state"] == "delivered" for d in account.courier.of(event["id"]))


def _now(account: Account, event: Document) -> Document:
    waiting = [d for d in account.courier.of(event["id"]) if d["state"] != "delivered"]
    return {**event, "pending_webhooks": len(waiting)}


def listen(account: Account, url: str | None, secret: str) -> None:
    """The endpoint that is configured from outside; None takes it away."""
    if url is None:
        account.store.remove("webhook_endpoint", CONFIGURED)
        return
    account.save(
        {**_endpoint(account, {"url": url, "enabled_events": ["*"]}, secret), "id": CONFIGURED}
    )


def _endpoint(account: Account, params: Params, secret: str) -> Document:
    return {
        "id": ids.new("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version") or API_VERSION,
        "application": None,
        "created": account.now(),
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": merged({}, params.get("metadata")),
        "secret": secret,
        "status": "enabled",
        "url": params["url"],
    }


def create_endpoint(account: Account, params: Params) -> Document:
    """The one answer that tells the secret."""
    if params.get("api_version") not in (None, API_VERSION):
        raise errors.invalid(
            f"Invalid API version: this sandbox renders events as of {API_VERSION} alone.",
            "api_version",
        )
    if not params["url"].startswith(("http://", "https://")):
        raise errors.invalid("Not a valid URL", "url", "url_invalid")
    return account.save(_endpoint(account, params, ids.new("whsec")))


def _without_secret(endpoint: Document) -> Document:
    return {name: value for name, value in endpoint.items() if name != "secret"}


def retrieve_endpoint(account: Account, _params: Params, endpoint_id: str) -> Document:
    return _without_secret(account.get("webhook_endpoint", endpoint_id))


def update_endpoint(account: Account, params: Params, endpoint_id: str) -> Document:
    endpoint = account.get("webhook_endpoint", endpoint_id)
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.pop("disabled") else "enabled"
    if "metadata" in params:
        params["metadata"] = merged(endpoint["metadata"], params["metadata"])
    return _without_secret(account.save({**endpoint, **params}))


def remove_endpoint(account: Account, _params: Params, endpoint_id: str) -> Document:
    account.get("webhook_endpoint", endpoint_id)
    account.store.remove("webhook_endpoint", endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def list_endpoints(account: Account, params: Params) -> Document:
    found = [_without_secret(endpoint) for endpoint in account.all("webhook_endpoint")]
    return lists.page("/v1/webhook_endpoints", found, params)


ROUTES = [
    index(
        "/events",
        list_,
        {
            "created": Span(),
            "delivery_success": Flag(),
            "type": Text(),
            "types": Many(Text(), most=20),
        },
    ),
    get("/events/<event_id>", retrieve),
    post("/webhook_endpoints", create_endpoint, CREATE),
    index("/webhook_endpoints", list_endpoints),
    get("/webhook_endpoints/<endpoint_id>", retrieve_endpoint),
    post("/webhook_endpoints/<endpoint_id>", update_endpoint, {**WRITE, "disabled": Flag()}),
    delete("/webhook_endpoints/<endpoint_id>", remove_endpoint),
]
