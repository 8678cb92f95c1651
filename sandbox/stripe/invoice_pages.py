"""Invoices and receipts as a customer sees them; an open invoice can be paid."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox.store import Document
from sandbox.stripe import charging, invoice_state, invoices, payments
from sandbox.stripe.account import Account
from sandbox.stripe.payments import CARDS

Answer = str | tuple[str, int] | Response
PAYABLE = ("open", "uncollectible")


def add(pages: Blueprint, account: Account) -> None:
    @pages.get("/invoice/<invoice_id>")
    def invoice(invoice_id: str) -> str:
        return _page(account, account.get("invoice", invoice_id))

    @pages.post("/invoice/<invoice_id>")
    def settle(invoice_id: str) -> Answer:
        """Pay it, or answer the bank's question about that."""
        with account.store.lock:
            found = account.get("invoice", invoice_id)
            with account.time_of(found):
                problem = _settle(account, found) if found["status"] in PAYABLE else None
            found = account.get("invoice", invoice_id)
        if problem:
            return _page(account, found, problem), 402
        return redirect(url_for(".invoice", invoice_id=invoice_id), 303)

    @pages.get("/receipt/<charge_id>")
    def receipt(charge_id: str) -> str:
        charge = account.get("charge", charge_id)
        used = charge["payment_method_details"]
        return render_template(
            "sandbox/receipt.html", charge=charge, last4=used[used["type"]]["last4"]
        )


def _settle(account: Account, invoice: Document) -> str | None:
    """What went wrong, in a sentence."""
    answer = request.form.get("answer")
    if answer:
        charging.answer(account, invoice, passed=answer == "complete")
        failed = answer != "complete"
        return "We could not authenticate your card. Choose a different one." if failed else None
    card = CARDS.get(request.form.get("card", ""))
    if card is None:
        return "Choose how to pay."
    email, name = invoice["customer_email"], invoice["customer_name"]
    method = payments.new_method(account, card, email=email, name=name)
    method = payments.attach(account, method, invoice["customer"])
    after = invoices.pay(account, invoice, method)
    waits = _status(account, after) in ("processing", "requires_action")
    if after["status"] == "paid" or waits:
        return None
    return "Your card was declined. Try a different card."


def _status(account: Account, invoice: Document) -> str | None:
    """How far the payment of an invoice is."""
    link = invoice_state.payment_of(account, invoice)
    if link is None:
        return None
    intent = account.get("payment_intent", link["payment"]["payment_intent"])
    return str(intent["status"])


def _page(account: Account, invoice: Document, problem: str | None = None) -> str:
    status = _status(account, invoice)
    return render_template(
        "sandbox/invoice.html",
        invoice=invoice,
        payable=invoice["status"] in PAYABLE and status != "processing",
        asked=status == "requires_action",
        waits=invoice["status"] == "open" and status == "processing",
        cards=list(CARDS.values()),
        problem=problem,
    )
