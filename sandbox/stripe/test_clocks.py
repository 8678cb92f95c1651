"""Test clocks: `/v1/test_helpers/test_clocks`. A customer made with one lives by it alone.

On real Stripe advancing takes a while (`advancing`, then `ready`); here it is done when the call
returns, so that a story which polls for `ready` reads it at once.
"""

from collections.abc import Sequence
from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import calendar, customers, errors, lists, subscription_state
from sandbox.stripe.account import AUTOMATIC, CAUSE, Account
from sandbox.stripe.params import Integer, Text
from sandbox.stripe.periods import later
from sandbox.stripe.routes import Params, delete, get, index, post

KIND = "test_helpers.test_clock"
LIFETIME = 30 * 24 * 60 * 60
FURTHEST = 2  # intervals of the shortest subscription; years when there is none


# What an id in a call is the id of, by how it begins: whose clock the call is to live by.
KINDS = {
    "ch": "charge",
    "cs": "checkout.session",
    "cus": "customer",
    "in": "invoice",
    "pi": "payment_intent",
    "pm": "payment_method",
    "sub": "subscription",
}


def subject(account: Account, params: Params, in_address: Sequence[str]) -> Document | None:
    """The object a call is about, as far as its test clock goes; None when it is about none."""
    named = (params.get(name) for name in ("customer", "subscription", "invoice"))
    for id_ in (*in_address, *named):
        kind = KINDS.get(str(id_).partition("_")[0])
        found = account.find(kind, str(id_)) if kind else None
        if found:
            return found
    return None


def create(account: Account, params: Params) -> Document:
    frozen = params["frozen_time"]
    clock = account.save(
        {
            "id": ids.new("clock"),
            "object": KIND,
            "created": account.now(),
            "deletes_after": account.now() + LIFETIME,
            "frozen_time": frozen,
            "livemode": False,
            "name": params.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )
    account.emit("test_helpers.test_clock.created", clock)
    return clock


def retrieve(account: Account, _params: Params, clock_id: str) -> Document:
    return account.get(KIND, clock_id)


def list_(account: Account, params: Params) -> Document:
    return lists.page("/v1/test_helpers/test_clocks", account.all(KIND), params)


def advance(account: Account, params: Params, clock_id: str) -> Document:
    """Everything due for its customers is done on the way, in order. Raises Refusal."""
    clock = account.get(KIND, clock_id)
    target = params["frozen_time"]
    _refuse_wrong_time(account, clock, target)
    advancing = {"status": "advancing", "status_details": _towards(target)}
    account.emit("test_helpers.test_clock.advancing", account.save({**clock, **advancing}), clock)
    cause = CAUSE.set(AUTOMATIC)  # what happens by a clock is caused by no call
    try:
        _catch_up(account, clock, target)
    finally:
        CAUSE.reset(cause)
    ready = account.save({**clock, "frozen_time": target})
    account.emit("test_helpers.test_clock.ready", ready)
    return ready


def _towards(target: int) -> dict[str, Any]:
    return {"advancing": {"target_frozen_time": target}}


def _catch_up(account: Account, clock: Document, target: int) -> None:
    with account.clock.standing_at(clock["frozen_time"], clock["id"]):
        due = calendar.soonest(account)
    while due and due.at <= target:
        with account.clock.standing_at(due.at, clock["id"]):
            due.act()
            due = calendar.soonest(account)


def _refuse_wrong_time(account: Account, clock: Document, target: int) -> None:
    now = clock["frozen_time"]
    if target <= now:
        raise errors.invalid(
            "The target frozen_time must be after the clock's current frozen_time.", "frozen_time"
        )
    intervals = {
        (item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"])
        for subscription in account.all("subscription", test_clock=clock["id"])
        if subscription["status"] not in subscription_state.ENDED
        for item in subscription_state.items_of(subscription)
    } or {("year", 1)}
    furthest = min(later(now, interval, count * FURTHEST) for interval, count in intervals)
    if target > furthest:
        raise errors.invalid(
            "You can advance a test clock by at most two intervals of the shortest subscription "
            "on it, or by two years.",
            "frozen_time",
        )


def remove(account: Account, _params: Params, clock_id: str) -> Document:
    """Its customers go with it."""
    clock = account.get(KIND, clock_id)
    for customer in account.all("customer", test_clock=clock_id):
        with account.time_of(customer):
            customers.remove(account, {}, customer["id"])
    gone = account.save({"id": clock_id, "object": KIND, "deleted": True})
    account.emit("test_helpers.test_clock.deleted", clock)
    return gone


ROUTES = [
    post(
        "/test_helpers/test_clocks",
        create,
        {"frozen_time": Integer(required=True), "name": Text(300)},
    ),
    index("/test_helpers/test_clocks", list_),
    get("/test_helpers/test_clocks/<clock_id>", retrieve),
    delete("/test_helpers/test_clocks/<clock_id>", remove),
    post(
        "/test_helpers/test_clocks/<clock_id>/advance",
        advance,
        {"frozen_time": Integer(required=True)},
    ),
]
