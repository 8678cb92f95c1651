"""Collecting invoices by the clock: finalized, charged, tried again, and at last given up."""

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import charging, invoice_state, subscription_state, subscriptions
from sandbox.stripe.account import Account
from sandbox.stripe.timed import Timed

KIND = "invoice"
SETTING = "setting"
AFTER_RETRIES = ("cancel", "unpaid", "leave", "pause")


def after_retries(account: Account) -> str:
    """What becomes of a subscription when the last retry has failed: an account's setting."""
    kept = account.store.get(SETTING, "after_retries")
    return str(kept["value"]) if kept else AFTER_RETRIES[0]


def set_after_retries(account: Account, value: str) -> None:
    """One of AFTER_RETRIES; anything else is a ValueError."""
    if value not in AFTER_RETRIES:
        raise ValueError(f"after_retries is one of {', '.join(AFTER_RETRIES)}, not {value!r}")
    account.store.put(SETTING, "after_retries", {"value": value})


def _when(invoice: Document) -> Hour:
    at: int | None = None
    if invoice["auto_advance"]:
        waits = invoice["status"] in ("draft", "open")
        at = invoice["next_payment_attempt"] if waits else None
    return invoice["test_clock"], at


def collect(account: Account, invoice: Document) -> Document:
    """Finalize a draft, and charge what is open; after the last try, what the setting says."""
    if invoice["status"] == "draft":
        invoice = invoice_state.finalize(account, invoice)
    if invoice["status"] != "open":
        return invoice
    tries = invoice["attempt_count"]
    again = charging.next_attempt(account, tries + 1)
    default = invoice_state.default_method(account, invoice)
    invoice = charging.attempt(
        account,
        invoice,
        account.find("payment_method", default) if default else None,
        off_session=True,
        attempts=tries + 1,
        next_attempt=again,
    )
    if again is None and invoice["status"] == "open" and not _on_its_way(account, invoice):
        _give_up(account, invoice)
    return invoice


def landed(account: Account, invoice: Document, *, paid: bool) -> Document:
    """A debit that was on its way has come, or has been sent back by the bank."""
    if paid:
        return invoice_state.settle(account, invoice, by_charge=True)
    tries = max(invoice["attempt_count"], 1)
    again = charging.next_attempt(account, tries)
    invoice = charging.fail(account, invoice, attempts=tries, next_attempt=again)
    if again is None:
        _give_up(account, invoice)
    return invoice


def _on_its_way(account: Account, invoice: Document) -> bool:
    link = invoice_state.payment_of(account, invoice)
    intent = link and account.find("payment_intent", link["payment"]["payment_intent"])
    return bool(intent and intent["status"] == "processing")


def _give_up(account: Account, invoice: Document) -> None:
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    setting = after_retries(account)
    if setting == "cancel":
        subscriptions.end(account, subscription, reason="payment_failed")
    elif setting == "unpaid":
        subscription_state.change(account, subscription, {"status": "unpaid"})
    elif setting == "pause":
        subscription_state.fall_asleep(account, subscription, "final_payment_failure")


TIMED = Timed(KIND, _when, collect)
