"""Checkout as a payer sees it: the page, the bank's question, and the page when it is over."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from sandbox.store import Document
from sandbox.stripe import checkout, checkout_terms, discounts, paying, payment_links
from sandbox.stripe.account import Account
from sandbox.stripe.completion import Address
from sandbox.stripe.paying import Challenged, Declined, NotOpen, Repriced
from sandbox.stripe.payments import CARDS, Card
from sandbox.stripe.promotion_codes import NotForThis

PATIENCE = 10.0  # seconds that the way back waits for the webhook to be acknowledged
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
COUNTRIES = {
    "AT": "Austria",
    "FR": "France",
    "DE": "Germany",
    "IE": "Ireland",
    "NL": "Netherlands",
    "ES": "Spain",
    "CH": "Switzerland",
    "GB": "United Kingdom",
    "US": "United States",
}
HOME = "DE"
STREET = {"line1": "Street and number", "postal_code": "Postal code", "city": "City"}

Answer = str | tuple[str, int] | Response
Typed = MultiDict[str, str]
Problems = dict[str, str]  # what is wrong, by the name of the field; "" for the whole page


def add(pages: Blueprint, account: Account) -> None:
    @pages.get("/link/<link_id>")
    def link(link_id: str) -> Answer:
        given = request.args
        try:
            session = payment_links.opened(
                account,
                link_id,
                reference=given.get("client_reference_id"),
                email=given.get("prefilled_email"),
                code=given.get("prefilled_promo_code"),
            )
        except payment_links.Inactive as inactive:
            return render_template("sandbox/message.html", title=str(inactive)), 410
        return redirect(session["url"], 303)

    @pages.get("/recover/<session_id>")
    def recover(session_id: str) -> Response:
        with account.store.lock:
            return redirect(checkout.recover(account, session_id)["url"], 303)

    @pages.get("/pay/<session_id>")
    def pay(session_id: str) -> Answer:
        session = checkout.opened(account, session_id)
        return _form(account, session) if session["status"] == "open" else _over(account, session)

    @pages.post("/pay/<session_id>")
    def paid(session_id: str) -> Answer:
        session = checkout.opened(account, session_id)
        if session["status"] != "open":
            return _over(account, session)
        act, code = request.form.get("act"), request.form.get("promotion_code", "").strip()
        try:
            if act == "remove" or code:
                with account.store.lock:
                    session = checkout.discount(account, session_id, code or None)
        except NotForThis as refused:
            return _form(account, session, {"promotion_code": str(refused)}), 422
        if act == "remove" or (act == "apply" and code):
            return redirect(url_for(".pay", session_id=session_id), 303)
        problems = _problems(session, request.form)
        if problems:
            return _form(account, session, problems), 422
        try:
            return _done(account, session, _paid(account, session))
        except Challenged:
            return redirect(url_for(".authenticate", session_id=session_id), 303)
        except Declined as declined:
            return _form(account, checkout.opened(account, session_id), {"": str(declined)}), 402
        except (NotOpen, Repriced):
            return _changed(account, session_id)

    @pages.get("/pay/<session_id>/authenticate")
    def authenticate(session_id: str) -> Answer:
        session = checkout.opened(account, session_id)
        if session["status"] != "open" or not paying.attempted(account, session_id):
            return redirect(url_for(".pay", session_id=session_id), 303)
        return render_template("sandbox/authenticate.html", session=session)

    @pages.post("/pay/<session_id>/authenticate")
    def authenticated(session_id: str) -> Answer:
        session = checkout.opened(account, session_id)
        passed = request.form.get("answer") == "complete"
        try:
            return _done(account, session, paying.answer(account, session_id, passed=passed))
        except Declined as declined:
            return _form(account, checkout.opened(account, session_id), {"": str(declined)}), 402
        except (NotOpen, Repriced):
            return _changed(account, session_id)


def _done(account: Account, session: Document, event: str) -> Response:
    account.courier.wait_for(event, PATIENCE)
    return redirect(returning(session["success_url"], session["id"]) or "", 303)


def _changed(account: Account, session_id: str) -> Answer:
    """The button pressed twice, where the first one counted; or a code that ran out."""
    session = checkout.opened(account, session_id)
    if session["status"] != "open":
        return _over(account, session)
    problem = "This code cannot be used any more, so it was taken off. Look at the new total."
    return _form(account, session, {"promotion_code": problem}), 422


def _form(account: Account, session: Document, problems: Problems | None = None) -> str:
    """The checkout page; the email is locked when the customer has one."""
    terms = checkout_terms.of(account, session["id"])
    prefilled = session["customer_email"] or terms.get("prefilled_email")
    return render_template(
        "sandbox/pay.html",
        session=session,
        lines=checkout.lines_of(account, session["id"]),
        trial_days=terms["trial_days"],
        codes=[_named(account, each) for each in session["discounts"]],
        typed=request.form,
        email=_locked_email(session) or request.form.get("email") or prefilled or "",
        locked=bool(_locked_email(session)),
        cards=_cards(session) if paying.needs_card(session) else [],
        chosen=request.form.get("card") or next(iter(CARDS)),
        located=_located(session),
        street=STREET if session["billing_address_collection"] == "required" else {},
        countries=COUNTRIES,
        home=HOME,
        consent=_consent(session),
        problems=problems or {},
        cancel_url=returning(session["cancel_url"], session["id"]),
    )


def _named(account: Account, chosen: dict[str, str | None]) -> str:
    """What a discount is called on the page: its code, or its coupon's name."""
    if chosen["promotion_code"]:
        return str(account.get("promotion_code", chosen["promotion_code"])["code"])
    coupon = discounts.coupon_of(account, chosen) or {}
    return str(coupon.get("name") or "Discount")


def _cards(session: Document) -> list[Card]:
    debits = "sepa_debit" in session["payment_method_types"]
    return [card for card in CARDS.values() if debits or not card.delayed]


def _locked_email(session: Document) -> str | None:
    details: dict[str, Any] = session["customer_details"] or {}
    return details.get("email") if session["customer"] else None


def _email(session: Document, typed: Typed) -> str:
    return _locked_email(session) or typed.get("email", "").strip()


def _located(session: Document) -> bool:
    """Whether the page asks where the payer lives."""
    required = session["billing_address_collection"] == "required"
    return required or bool(session["automatic_tax"]["enabled"])


def _consent(session: Document) -> bool:
    asked = (session["consent_collection"] or {}).get("terms_of_service")
    return bool(asked == "required")


def _problems(session: Document, typed: Typed) -> Problems:
    problems: Problems = {}
    if "@" not in _email(session, typed):
        problems["email"] = "An email address is needed."
    if session["billing_address_collection"] == "required":
        missing = [name for name in STREET if not typed.get(name, "").strip()]
        problems |= dict.fromkeys(missing, "This is needed.")
    if _located(session) and typed.get("country") not in COUNTRIES:
        problems["country"] = "Choose a country."
    if paying.needs_card(session) and not _card(session, typed):
        problems["card"] = "Choose a card."
    if _consent(session) and not typed.get("terms_of_service"):
        problems["terms_of_service"] = "Agree to the terms of service to go on."
    return problems


def _card(session: Document, typed: Typed) -> Card | None:
    number = typed.get("card", "").replace(" ", "")
    return next((card for card in _cards(session) if card.number == number), None)


def _paid(account: Account, session: Document) -> str:
    typed = request.form
    address: Address = {"country": HOME}
    if _located(session):
        address = {name: typed.get(name, "").strip() or None for name in (*STREET, "country")}
    return paying.pay(
        account,
        session["id"],
        email=_email(session, typed),
        name=typed.get("name", "").strip() or None,
        card=_card(session, typed) if paying.needs_card(session) else None,
        address=address,
    )


def _over(account: Account, session: Document) -> tuple[str, int]:
    complete = session["status"] == "complete"
    link = account.find("payment_link", session["payment_link"] or "") or {}
    after = link.get("after_completion") or {}
    here = url_for(".pay", session_id=session["id"], _external=True)
    back = returning(session["success_url" if complete else "cancel_url"], session["id"])
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    page = render_template(
        "sandbox/over.html",
        complete=complete,
        thanks=complete and after.get("type") == "hosted_confirmation",
        message=(after.get("hosted_confirmation") or {}).get("custom_message"),
        waits=complete and session["payment_status"] == "unpaid",
        link=back if back != here else None,
        recovery=recovery.get("url"),
    )
    return page, 200 if complete else 410


def returning(url: str | None, session_id: str) -> str | None:
    return url.replace(PLACEHOLDER, session_id) if url else None
