"""What an invoice is at the moment, and how it becomes something else, announced."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import invoice_documents, payment_documents, subscription_state
from sandbox.stripe.account import Account

DESCRIPTIONS = {"subscription_create": "Subscription creation"}


def change(account: Account, before: Document, **changes: Any) -> Document:
    """Saved, and announced."""
    invoice = account.save({**before, **changes})
    account.emit("invoice.updated", invoice, before)
    return invoice


def keep_as_draft(account: Account, before: Document) -> Document:
    """It will not finalize itself."""
    hours: dict[str, Any] = {"automatically_finalizes_at": None, "next_payment_attempt": None}
    return change(account, before, auto_advance=False, **hours)


def finalize(account: Account, before: Document) -> Document:
    """It gets its number and can be paid; one of nothing is paid by that."""
    customer = account.get("customer", before["customer"])
    owed = before["total"] + customer["balance"]
    due, balance = max(owed, 0), min(owed, 0)
    _draw(account, customer, balance)
    invoice = account.save(opened(account, before, customer, due=due, balance=balance))
    account.emit("invoice.finalized", invoice)
    if not due:
        return settle(account, invoice)
    _ask(account, invoice)
    return invoice


def _draw(account: Account, before: Document, balance: int) -> None:
    """What the customer had to their credit is used; what is owed to them is kept for later."""
    sequence = before["next_invoice_sequence"] + 1
    customer = account.save({**before, "balance": balance, "next_invoice_sequence": sequence})
    if balance != before["balance"]:
        account.emit("customer.updated", customer, before)


def opened(
    account: Account, before: Document, customer: Document, *, due: int, balance: int
) -> Document:
    """What a finalized one looks like; not saved."""
    now = account.now()
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    return {
        **before,
        "amount_due": due,
        "amount_remaining": due,
        "automatically_finalizes_at": None,
        "effective_at": now,
        "ending_balance": balance,
        "hosted_invoice_url": f"{account.public_url}/invoice/{before['id']}",
        "next_payment_attempt": None,
        "number": number,
        "starting_balance": customer["balance"],
        "status": "open",
        "status_transitions": {**before["status_transitions"], "finalized_at": now},
        "webhooks_delivered_at": now,
    }


def paid(invoice: Document, now: int, *, tried: bool = True) -> dict[str, Any]:
    """The changes that make it a paid one; not `tried` when there was no charge."""
    return {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + tried,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": {**invoice["status_transitions"], "paid_at": now},
    }


def _ask(account: Account, invoice: Document) -> None:
    """The payment intent it is to be paid by."""
    method = account.find("payment_method", default_method(account, invoice) or "")
    intent = payment_documents.intent(
        kind=method["type"] if method else "card",
        customer=invoice["customer"],
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        description=DESCRIPTIONS.get(invoice["billing_reason"], "Subscription update"),
        metadata={},
        off_session=True,
        now=account.now(),
    )
    intent["payment_details"]["order_reference"] = invoice["id"]
    account.emit("payment_intent.created", account.save(intent))
    account.save(invoice_documents.payment(invoice, intent, account.now()))


def default_method(account: Account, invoice: Document) -> str | None:
    """The payment method it will be charged to by itself."""
    if invoice["default_payment_method"]:
        return str(invoice["default_payment_method"])
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription:
        return subscription_state.method_of(account, subscription)
    customer = account.get("customer", invoice["customer"])
    default: str | None = customer["invoice_settings"]["default_payment_method"]
    return default


def payment_of(account: Account, invoice: Document) -> Document | None:
    """The link to the payment intent it is paid by; None for one of nothing."""
    links = account.all("invoice_payment", invoice=invoice["id"], is_default=True)
    return links[-1] if links else None


def settle(account: Account, before: Document, *, by_charge: bool = False) -> Document:
    """It is paid: by a charge, or because nothing was due, or in another way."""
    changes = paid(before, account.now(), tried=by_charge)
    invoice = change(account, before, **changes)
    account.emit("invoice.paid", invoice)
    if by_charge or not invoice["amount_due"]:
        account.emit("invoice.payment_succeeded", invoice)
    _close_payment(account, invoice, paid=by_charge)
    subscription_state.set_delinquent(account, invoice["customer"], delinquent=False)
    subscription_state.pay_up(account, invoice)
    return invoice


def _close_payment(account: Account, invoice: Document, *, paid: bool) -> None:
    """The link says paid; or it is canceled, with its intent, when nothing will come of it."""
    link = payment_of(account, invoice)
    if link is None or link["status"] != "open":
        return
    now = account.now()
    moment = {"paid_at": now} if paid else {"canceled_at": now}
    link |= {
        "amount_paid": link["amount_requested"] if paid else None,
        "status": "paid" if paid else "canceled",
        "status_transitions": {**link["status_transitions"], **moment},
    }
    account.save(link)
    if paid:
        account.emit("invoice_payment.paid", link)
    else:
        _cancel_intent(account, link["payment"]["payment_intent"])


def _cancel_intent(account: Account, intent_id: str) -> None:
    before = account.get("payment_intent", intent_id)
    if before["status"] not in ("succeeded", "canceled"):
        canceled = {"canceled_at": account.now(), "next_action": None, "status": "canceled"}
        intent = account.save({**before, **canceled, "cancellation_reason": "void_invoice"})
        account.emit("payment_intent.canceled", intent, before)


def void(account: Account, before: Document) -> Document:
    """It is as if it had never been: nobody owes it, and nobody can pay it."""
    transitions = {**before["status_transitions"], "voided_at": account.now()}
    invoice = change(account, before, **_over("void"), status_transitions=transitions)
    account.emit("invoice.voided", invoice)
    _close_payment(account, invoice, paid=False)
    subscription_state.pay_up(account, invoice)
    return invoice


def mark_uncollectible(
    account: Account, before: Document, reason: str = "user_forgiven"
) -> Document:
    """Nobody tries to collect it any more; it can still be paid, or voided."""
    transitions = {**before["status_transitions"], "marked_uncollectible_at": account.now()}
    details = {"uncollectible": {"reason": reason}}
    invoice = change(
        account,
        before,
        **_over("uncollectible"),
        status_details=details,
        status_transitions=transitions,
    )
    account.emit("invoice.marked_uncollectible", invoice)
    subscription_state.pay_up(account, invoice)
    return invoice


def _over(status: str) -> dict[str, Any]:
    return {"auto_advance": False, "next_payment_attempt": None, "status": status}
