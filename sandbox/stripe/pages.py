"""The pages Stripe hosts: checkout, portal, invoice, receipt."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.store import Document
from sandbox.stripe import checkout, errors, paying, portal, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.money import amount
from sandbox.stripe.paying import Declined, NotOpen
from sandbox.stripe.payments import CARDS

PATIENCE = 10.0  # seconds that the way back waits for the webhook to be acknowledged
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("stripe_pages", __name__)

    @pages.errorhandler(errors.Refusal)
    def refused(refusal: errors.Refusal) -> tuple[str, int]:
        return render_template("sandbox/message.html", title=str(refusal)), refusal.status

    @pages.get("/pay/<session_id>")
    def pay(session_id: str) -> str | tuple[str, int]:
        session = checkout.opened(account, session_id)
        if session["status"] != "open":
            return _over(session)
        return _form(account, session)

    @pages.post("/pay/<session_id>")
    def paid(session_id: str) -> str | tuple[str, int] | Response:
        session = checkout.opened(account, session_id)
        if session["status"] != "open":
            return _over(session)
        card = CARDS.get(request.form.get("card", "").replace(" ", ""))
        email = _email(session)
        if not card:
            return _form(account, session, problem="Choose a card."), 422
        if "@" not in email:
            return _form(account, session, problem="An email address is needed."), 422
        name = request.form.get("name", "").strip() or None
        try:
            event = paying.pay(account, session_id, email=email, name=name, card=card)
        except Declined as declined:
            return _form(account, session, problem=str(declined)), 402
        except NotOpen:  # the button pressed twice: the first one counted
            return _over(checkout.opened(account, session_id))
        account.courier.wait_for(event, PATIENCE)
        return redirect(session["success_url"].replace(PLACEHOLDER, session_id), 303)

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


def _form(account: Account, session: Document, problem: str | None = None) -> str:
    """The checkout page; the email is locked when the customer has one."""
    terms = account.store.get(checkout.TERMS, session["id"]) or {}
    return render_template(
        "sandbox/pay.html",
        session=session,
        lines=checkout.lines_of(account, session["id"]),
        trial_days=terms.get("trial_days"),
        email=_locked_email(session) or session["customer_email"] or request.form.get("email", ""),
        locked=bool(_locked_email(session)),
        name=request.form.get("name", ""),
        cards=list(CARDS.values()),
        chosen=request.form.get("card") or next(iter(CARDS)),
        problem=problem,
        cancel_url=_returning(session["cancel_url"], session["id"]),
    )


def _locked_email(session: Document) -> str | None:
    details: dict[str, Any] = session["customer_details"] or {}
    return details.get("email") if session["customer"] else None


def _email(session: Document) -> str:
    return _locked_email(session) or request.form.get("email", "").strip()


def _over(session: Document) -> tuple[str, int]:
    complete = session["status"] == "complete"
    page = render_template(
        "sandbox/over.html",
        complete=complete,
        link=_returning(session["success_url" if complete else "cancel_url"], session["id"]),
    )
    return page, 200 if complete else 410


def _returning(url: str | None, session_id: str) -> str | None:
    return url.replace(PLACEHOLDER, session_id) if url else None


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
