"""Customers: all of them on one line of time, and one of them with everything that can be done."""

from collections import defaultdict
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from sandbox.control import timeline
from sandbox.control.desk import HOME, Desk, back
from sandbox.control.payments import rows
from sandbox.paging import page
from sandbox.store import Document
from sandbox.stripe import customers, payments, subscription_state
from sandbox.stripe.account import Account
from sandbox.stripe.payments import CARDS, Card

ON_A_PAGE = 25
# Cards to change to, by number, and what is said of it.
OTHER_CARDS = {
    "fails": ("4000000000000341", "Their card is declined at every renewal from now on."),
    "works": ("4242424242424242", "Their card works again. What is owed is tried again in time."),
}
# In the order in which they are sent at one moment.
HISTORY = tuple(
    f"customer.subscription.{what}"
    for what in ("created", "updated", "paused", "resumed", "deleted")
)


def register(room: Blueprint, desk: Desk) -> None:
    account = desk.account

    @room.get("")
    def overview() -> str:
        wanted = request.args.get("q", "").strip().lower()
        found = page(
            desk.store,
            "customer",
            lambda c: wanted in f"{c.get('email') or ''} {c['id'].lower()}".lower(),
            ON_A_PAGE,
        )
        return render_template(
            "sandbox/control/overview.html",
            page=found,
            wanted=wanted,
            **_board(account, found.documents),
        )

    @room.get("/customers/<customer_id>")
    def customer(customer_id: str) -> str:
        found = customers.retrieve(account, {}, customer_id)
        charges = account.all("charge", customer=customer_id)
        return render_template(
            "sandbox/control/customer.html",
            customer=found,
            card=_card(account, found),
            rows=rows(account, reversed(charges)),
            **_board(account, [found]),
        )

    @room.post("/customers/<customer_id>/card/<how>")
    def card(customer_id: str, how: str) -> Response:
        if how not in OTHER_CARDS:
            abort(404)
        number, done = OTHER_CARDS[how]
        with desk.store.lock:
            customers.set_card(account, customer_id, CARDS[number])
        desk.say(done)
        return back(f"{HOME}/customers/{customer_id}")

    @room.post("/customers/<customer_id>/delete")
    def delete(customer_id: str) -> Response:
        with desk.store.lock:
            email = account.get("customer", customer_id)["email"]
            customers.remove(account, {}, customer_id)
        desk.say(f"{email or customer_id} is deleted, and every subscription has ended.")
        return back()


def _board(account: Account, shown: list[Document]) -> dict[str, Any]:
    """An axis for all of them, and what lies on it by customer."""
    ids = {customer["id"] for customer in shown}
    subscriptions = {id_: account.all("subscription", customer=id_) for id_ in ids}
    axis = timeline.axis(account.now(), (s for each in subscriptions.values() for s in each))
    histories = _histories(account, ids)
    return {
        "axis": axis,
        "subscriptions": subscriptions,
        "lanes": {
            id_: [timeline.lane(axis, each, histories[each["id"]]) for each in subscriptions[id_]]
            for id_ in ids
        },
        "marks": {id_: timeline.payments(axis, account.all("charge", customer=id_)) for id_ in ids},
    }


def _card(account: Account, customer: Document) -> Card | None:
    """The card that the customer's newest subscription, or else the customer, is charged to."""
    found = [(customer.get("invoice_settings") or {}).get("default_payment_method")]
    for subscription in account.all("subscription", customer=customer["id"]):
        if subscription["status"] not in subscription_state.ENDED:
            found.append(subscription_state.method_of(account, subscription))
    id_ = next(filter(None, reversed(found)), None)
    method = account.find("payment_method", id_) if id_ else None
    return payments.card_of(method) if method else None


def _histories(account: Account, customers: set[str]) -> dict[str, list[Document]]:
    """Events about subscriptions, oldest first, by subscription."""
    found: dict[str, list[Document]] = defaultdict(list)
    for type_ in HISTORY:
        for event in account.store.having(
            "event", "type", type_, lambda e: e["data"]["object"]["customer"] in customers
        ):
            found[event["data"]["object"]["id"]].append(event)
    for events in found.values():
        events.sort(key=lambda event: int(event["created"]))
    return found
