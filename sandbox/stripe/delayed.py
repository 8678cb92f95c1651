"""Debits that take days: what they were for is on its way until the bank has answered."""

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import dunning, payments
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

REFUSED = "The customer's bank account could not be debited."


def _when(debit: Document) -> Hour:
    return debit["test_clock"], debit["at"]


def _settle(account: Account, debit: Document) -> None:
    """The bank answers, as the account that is debited is made to."""
    account.store.remove(payments.DEBIT, debit["id"])
    charge = account.get("charge", debit["id"])
    intent = account.get("payment_intent", charge["payment_intent"])
    method = account.get("payment_method", charge["payment_method"])
    if payments.card_of(method).delayed == "paid":
        _succeed(account, intent, charge)
    else:
        _fail(account, intent, charge, method)


def _succeed(account: Account, intent: Document, charge: Document) -> None:
    paid = account.save({**charge, "paid": True, "status": "succeeded"})
    received = {"amount_received": intent["amount"], "status": "succeeded"}
    account.emit("charge.succeeded", paid)
    account.emit("payment_intent.succeeded", account.save({**intent, **received}))
    invoice = _invoice(account, intent)
    if invoice:
        dunning.landed(account, invoice, paid=True)
    for session in _sessions(account, intent, invoice):
        done = account.save({**session, "payment_status": "paid"})
        account.emit("checkout.session.async_payment_succeeded", done)


def _fail(account: Account, intent: Document, charge: Document, method: Document) -> None:
    failed = account.save(
        {
            **charge,
            "balance_transaction": None,
            "failure_code": "insufficient_funds",
            "failure_message": REFUSED,
            "receipt_url": None,
            "status": "failed",
        }
    )
    unpaid = account.save(
        {
            **intent,
            "last_payment_error": {
                "charge": charge["id"],
                "code": "payment_intent_payment_attempt_failed",
                "doc_url": "https://stripe.com/docs/error-codes/"
                "payment-intent-payment-attempt-failed",
                "message": REFUSED,
                "payment_method": method,
                "type": "invalid_request_error",
            },
            "payment_method": None,
            "status": "requires_payment_method",
        }
    )
    account.emit("charge.failed", failed)
    account.emit("payment_intent.payment_failed", unpaid)
    invoice = _invoice(account, intent)
    if invoice:
        dunning.landed(account, invoice, paid=False)
    for session in _sessions(account, intent, invoice):
        account.emit("checkout.session.async_payment_failed", session)


def _invoice(account: Account, intent: Document) -> Document | None:
    """The open invoice it was to pay; one that was paid in another way meanwhile is let be."""
    for link in account.all("invoice_payment", status="open"):
        if link["payment"]["payment_intent"] == intent["id"]:
            invoice = account.get("invoice", link["invoice"])
            return invoice if invoice["status"] == "open" else None
    return None


def _sessions(account: Account, intent: Document, invoice: Document | None) -> list[Document]:
    """The checkout that began it, while it waits for this: one, or none for a renewal."""
    found = account.all("checkout.session", payment_intent=intent["id"])
    if invoice:
        found += account.all("checkout.session", invoice=invoice["id"])
    waits = ("complete", "unpaid")
    return [each for each in found if (each["status"], each["payment_status"]) == waits]


TIMED = Timed(payments.DEBIT, _when, _settle)
