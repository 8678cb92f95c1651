"""The customer portal as a customer sees it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.store import Document
from sandbox.stripe import errors, pauses, portal, portal_acts, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.checkout_pages import COUNTRIES
from sandbox.stripe.payments import CARDS

Answer = str | tuple[str, int] | Response
REASONS = {
    "too_expensive": "It costs too much",
    "missing_features": "Something is missing",
    "switched_service": "I found another one",
    "unused": "I do not use it enough",
    "customer_service": "Nobody helped me",
    "too_complex": "It is too complicated",
    "low_quality": "It is not good enough",
    "other": "Another reason",
}
# The part of the page that each flow opens, and that alone.
PARTS = {
    "customer_update": "details",
    "payment_method_update": "card",
    "subscription_cancel": "cancel",
    "subscription_pause": "pause",
    "subscription_update": "switch",
}


def add(pages: Blueprint, account: Account) -> None:
    @pages.get("/portal/<session_id>")
    def manage(session_id: str) -> Answer:
        session = portal.opened(account, session_id)
        return _page(account, session, flow=session["flow"])

    @pages.get("/portal/<session_id>/home")
    def home(session_id: str) -> Answer:
        return _page(account, portal.opened(account, session_id))

    @pages.post("/portal/<session_id>/<act>")
    def change(session_id: str, act: str) -> Answer:
        session = portal.opened(account, session_id)
        try:
            with account.store.lock, account.time_of(session):
                _do(account, session, act)
        except errors.Refusal as refusal:
            if refusal.status not in (402, 422):
                raise
            return _page(account, session, flow=session["flow"], problem=str(refusal)), (
                refusal.status
            )
        return _after(session)


def _do(account: Account, session: Document, act: str) -> None:
    """One of the buttons. Raises Refusal."""
    typed = request.form
    if act == "card":
        card = CARDS.get(typed.get("card", ""))
        if card is None:
            raise errors.Refusal("Choose a card.", status=422)
        portal_acts.change_card(account, session, card)
    elif act == "details":
        portal_acts.change_details(account, session, typed)
    else:
        subscription = portal_acts.mine(account, session, typed.get("subscription", ""))
        _do_to(account, session, subscription, act)


def _do_to(account: Account, session: Document, subscription: Document, act: str) -> None:
    typed = request.form
    if act == "cancel":
        given = {name: typed.get(name) or None for name in ("feedback", "comment")}
        portal_acts.cancel(account, session, subscription, given)
    elif act == "resume":
        portal_acts.keep(account, subscription)
    elif act == "switch":
        portal_acts.switch(account, session, subscription, typed.get("price", ""))
    elif act == "pause":
        portal_acts.pause(account, session, subscription, typed.get("length", ""))
    elif act == "unpause":
        portal_acts.unpause(account, subscription)
    else:
        raise errors.Refusal("There is no such button.", status=404)


def _after(session: Document) -> Answer:
    """Where a customer is led when they are done: a flow may say so."""
    flow = session["flow"]
    if flow is None:
        return redirect(url_for(".manage", session_id=session["id"]), 303)
    after = flow["after_completion"]
    if after["type"] == "redirect":
        return redirect(after["redirect"]["return_url"], 303)
    if after["type"] == "hosted_confirmation":
        return render_template(
            "sandbox/portal_done.html",
            message=after["hosted_confirmation"]["custom_message"],
            return_url=session["return_url"],
        )
    return redirect(url_for(".home", session_id=session["id"]), 303)


def _page(
    account: Account,
    session: Document,
    *,
    flow: Document | None = None,
    problem: str | None = None,
) -> str:
    configuration = account.get("billing_portal.configuration", session["configuration"])
    part = PARTS[flow["type"]] if flow else None
    mine = account.all("subscription", customer=session["customer"])
    about = ((flow or {}).get((flow or {}).get("type", "")) or {}).get("subscription")
    customer = account.get("customer", session["customer"])
    return render_template(
        "sandbox/portal.html",
        session=session,
        features=configuration["features"],
        part=part,
        problem=problem,
        customer=customer,
        card=_card(account, customer, mine),
        cards=list(CARDS.values()),
        countries=COUNTRIES,
        reasons=REASONS,
        subscriptions=[
            _shown(account, session, subscription)
            for subscription in reversed(mine)
            if about in (None, subscription["id"])
        ],
        invoices=list(reversed(account.all("invoice", customer=session["customer"]))),
    )


def _card(account: Account, customer: Document, mine: list[Document]) -> str | None:
    """How they pay: “Visa that ends in 4242”."""
    own = [each["default_payment_method"] for each in reversed(mine)]
    ids = [customer["invoice_settings"]["default_payment_method"], *own]
    method = next((account.find("payment_method", id_) for id_ in ids if id_), None)
    if method is None:
        return None
    kind = "Bank account" if method["type"] == "sepa_debit" else "Visa"
    return f"{kind} that ends in {method[method['type']]['last4']}"


def _shown(account: Account, session: Document, subscription: Document) -> dict[str, Any]:
    """A subscription with the names of what it is for, and what may be done with it."""
    items = [
        {**item, "name": (account.find("product", item["price"]["product"]) or {}).get("name")}
        for item in subscription["items"]["data"]
    ]
    return {
        **subscription,
        "bought": items,
        "period_end": subscriptions.period_end(subscription),
        "over": subscription["status"] in subscriptions.ENDED,
        "goes_on": pauses.of(account, subscription),
        "prices": portal_acts.prices_offered(account, session, subscription),
        "pauses": portal_acts.pauses_offered(account, session),
    }
