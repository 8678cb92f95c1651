"""Invoices of subscriptions: raised, and paid or given up by whoever asks for it."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import (
    charging,
    discounts,
    invoice_documents,
    invoice_state,
    prorations,
    subscription_state,
)
from sandbox.stripe.account import Account

HOUR = 60 * 60  # a draft of a renewal can still be changed for so long

void = invoice_state.void
mark_uncollectible = invoice_state.mark_uncollectible


def first(account: Account, subscription: Document, customer: Document) -> Document:
    """The invoice a subscription begins with, paid; of nothing when it begins with a trial."""
    draft = _drafted(account, subscription, customer, reason="subscription_create")
    sequence = customer["next_invoice_sequence"]
    account.save({**customer, "next_invoice_sequence": sequence + 1})
    due = draft["total"]
    opened = invoice_state.opened(account, draft, customer, due=due, balance=customer["balance"])
    paid = invoice_state.paid(opened, account.now(), tried=bool(due))
    return account.save({**opened, **paid})


def raise_(
    account: Account,
    subscription: Document,
    *,
    reason: str,
    items: list[Document] | None = None,
    since: int | None = None,
) -> Document:
    """A draft for what the items (all, unless told) cost now, and for what is pending; announced.

    It finalizes itself in an hour. `since` is when the period that it looks back on began.
    """
    customer = account.get("customer", subscription["customer"])
    invoice = _drafted(account, subscription, customer, reason=reason, items=items, since=since)
    pending = prorations.collect(account, subscription, invoice["id"])
    invoice |= invoice_documents.sums([*pending, *invoice["lines"]["data"]], invoice["id"])
    running = discounts.lasting(account, subscription["discounts"], ())
    invoice = discounts.on_invoice(account, invoice, running)
    finalizes_at = account.now() + HOUR
    invoice |= {
        "auto_advance": True,
        "automatically_finalizes_at": finalizes_at,
        "next_payment_attempt": finalizes_at,
    }
    account.emit("invoice.created", account.save(invoice))
    return invoice


def _drafted(
    account: Account,
    subscription: Document,
    customer: Document,
    *,
    reason: str,
    items: list[Document] | None = None,
    since: int | None = None,
) -> Document:
    id_, now = ids.new("in"), account.now()
    items = subscription_state.items_of(subscription) if items is None else items
    return invoice_documents.invoice(
        id_=id_,
        now=now,
        customer=customer,
        subscription=subscription,
        lines=[line(account, id_, subscription, item) for item in items],
        reason=reason,
        period=(now if since is None else since, now),
    )


def line(account: Account, invoice: str, subscription: Document, item: Document) -> Document:
    """What an item costs for its current period, named as on Stripe's invoices."""
    product = account.get("product", item["price"]["product"])
    return invoice_documents.line(invoice, subscription, item, product["name"])


def carried(account: Account, subscription: Document, invoice: Document) -> dict[str, Any]:
    """What an invoice changes about its subscription."""
    lasting = discounts.lasting(account, subscription["discounts"], invoice["discounts"])
    return {"discounts": lasting, "latest_invoice": invoice["id"]}


def pay(
    account: Account,
    invoice: Document,
    method: Document | None = None,
    *,
    off_session: bool = False,
) -> Document:
    """Pay one now, with a method or the one it would be charged to; a draft is finalized first.

    The invoice afterwards: it is still open when the card was declined. A first attempt begins the
    plan of retries, a later one leaves it as it was.
    """
    if invoice["status"] == "draft":
        invoice = invoice_state.finalize(account, invoice)
    if invoice["status"] not in ("open", "uncollectible"):
        return invoice
    default = invoice_state.default_method(account, invoice)
    begins = invoice["attempt_count"] == 0 and invoice["auto_advance"]
    return charging.attempt(
        account,
        invoice,
        method or (account.find("payment_method", default) if default else None),
        off_session=off_session,
        attempts=max(invoice["attempt_count"], 1),
        next_attempt=charging.next_attempt(account, 1)
        if begins
        else invoice["next_payment_attempt"],
    )


def stop_collecting(account: Account, subscription: Document) -> None:
    """Its invoices are charged no more by themselves; who wants to can still pay them."""
    for invoice in account.all("invoice", customer=subscription["customer"]):
        mine = subscription_state.subscription_id(invoice) == subscription["id"]
        if mine and invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
            invoice_state.keep_as_draft(account, invoice)


def record_payment(account: Account, invoice: Document, intent: Document) -> Document:
    """The link between an invoice and the payment intent it was paid by."""
    now = account.now()
    link = invoice_documents.payment(invoice, intent, now)
    return account.save(
        {
            **link,
            "amount_paid": invoice["amount_paid"],
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": now},
        }
    )
