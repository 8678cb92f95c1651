"""The pages Stripe hosts: checkout, portal, invoice, receipt."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.store import Document
from sandbox.stripe import checkout_pages, errors, portal, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.money import amount


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("stripe_pages", __name__)

    @pages.errorhandler(errors.Refusal)
    def refused(refusal: errors.Refusal) -> tuple[str, int]:
        return render_template("sandbox/message.html", title=str(refusal)), refusal.status

    checkout_pages.add(pages, account)

    @pages.get("/portal/<session_id>")
    def manage(session_id: str) -> str:
        session, configuration = _portal(account, session_id)
        mine = account.all("subscription", customer=session["customer"])
        return render_template(
            "sandbox/portal.html",
            session=session,
            features=configuration["features"],
            customer=account.get("customer", session["customer"]),
            subscriptions=[_shown(account, subscription) for subscription in reversed(mine)],
            invoices=list(reversed(account.all("invoice", customer=session["customer"]))),
        )

    @pages.post("/portal/<session_id>/<act>")
    def change(session_id: str, act: str) -> Response:
        session, configuration = _portal(account, session_id)
        with account.store.lock:
            subscription = account.get("subscription", request.form.get("subscription", ""))
            if subscription["customer"] != session["customer"]:
                abort(404)
            _change(account, subscription, act, configuration["features"]["subscription_cancel"])
        return redirect(url_for(".manage", session_id=session_id), 303)

    @pages.get("/invoice/<invoice_id>")
    def invoice(invoice_id: str) -> str:
        found = account.get("invoice", invoice_id)
        return render_template("sandbox/invoice.html", invoice=found)

    @pages.get("/receipt/<charge_id>")
    def receipt(charge_id: str) -> str:
        return render_template("sandbox/receipt.html", charge=account.get("charge", charge_id))

    @pages.app_template_filter("money")
    def money(minor: int, currency: str) -> str:
        return amount(minor, currency)

    @pages.app_template_filter("day")
    def day(moment: int) -> str:
        at = datetime.fromtimestamp(moment, UTC)
        return f"{at.day} {at:%B %Y}"

    return pages


def _portal(account: Account, session_id: str) -> tuple[Document, Document]:
    session = account.get("billing_portal.session", session_id)
    if account.now() > session["created"] + portal.LIFETIME:
        raise errors.Refusal(
            "This link has expired. Go back and open the portal again.", status=410
        )
    return session, account.get("billing_portal.configuration", session["configuration"])


def _shown(account: Account, subscription: Document) -> dict[str, Any]:
    """A subscription with the names of what it is for."""
    items = [
        {**item, "name": (account.find("product", item["price"]["product"]) or {}).get("name")}
        for item in subscription["items"]["data"]
    ]
    return {
        **subscription,
        "bought": items,
        "period_end": subscriptions.period_end(subscription),
        "over": subscription["status"] in subscriptions.ENDED,
    }


def _change(account: Account, subscription: Document, act: str, allowed: dict[str, Any]) -> None:
    if subscription["status"] in subscriptions.ENDED:
        return  # a page that was left open: there is nothing to do any more
    if act == "resume":
        subscriptions.keep(account, subscription)
    elif act == "cancel" and allowed["enabled"]:
        if allowed["mode"] == "immediately":
            subscriptions.end(account, subscription)
        else:
            subscriptions.end_later(account, subscription)
    else:
        abort(404)
