"""Prorations: what is given back, and what is charged, for the rest of a period.

In flexible billing a credit is what was debited for the time that is left, after discounts; so a
change without prorations is credited later at what was really paid.
"""

from collections.abc import Iterator

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import money
from sandbox.stripe.account import Account
from sandbox.stripe.subscription_state import subscription_id

KEPT = ("draft", "open", "paid")  # invoices whose lines count as debited


def credit(account: Account, subscription: Document, item: Document, at: int) -> Document | None:
    """What was debited for an item from a moment to the end of its period, given back; not saved.

    None when that is nothing.
    """
    end = item["current_period_end"]
    debited = list(_debited(account, subscription, item))
    unused = sum(amount * (end - at) / (end - start) for amount, start in debited)
    if round(unused) == 0:
        return None
    return _invoice_item(
        subscription,
        item,
        amount=-round(unused),
        at=at,
        description=f"Unused time on {_what(item)} after {money.day(at)}",
    )


def debit(subscription: Document, item: Document, at: int) -> Document:
    """What an item costs from a moment to the end of its period; not saved."""
    start, end = item["current_period_start"], item["current_period_end"]
    whole = item["price"]["unit_amount"] * item["quantity"]
    return _invoice_item(
        subscription,
        item,
        amount=round(whole * (end - at) / (end - start)),
        at=at,
        description=f"Remaining time on {_what(item)} after {money.day(at)}",
    )


def add(account: Account, items: list[Document]) -> None:
    """They wait for the subscription's next invoice."""
    for item in items:
        account.emit("invoiceitem.created", account.save(item))


def pending(account: Account, subscription: Document) -> list[Document]:
    return [
        item
        for item in account.all("invoiceitem", customer=subscription["customer"], invoice=None)
        if item["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]


def collect(account: Account, subscription: Document, invoice_id: str) -> list[Document]:
    """The lines that put what is pending on an invoice."""
    items = pending(account, subscription)
    for item in items:
        account.save({**item, "invoice": invoice_id})
    return [line(item, invoice_id) for item in items]


def line(item: Document, invoice_id: str) -> Document:
    """The line of an invoice that an invoice item becomes."""
    details = item["parent"]["subscription_details"]
    return {
        "id": ids.new("il"),
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": item["discountable"],
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": item["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": item["id"],
                "proration": True,
                "proration_details": {"credited_items": None},
                **details,
            },
            "type": "subscription_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subtotal": item["amount"],
        "taxes": [],
    }


def _debited(account: Account, subscription: Document, item: Document) -> Iterator[tuple[int, int]]:
    """Amounts, and since when, of all that was debited and credited up to the item's period end."""
    for found in _lines(account, subscription):
        period = found["period"]
        this = found["item"] == item["id"] and period["end"] == item["current_period_end"]
        if this and period["end"] > period["start"]:
            yield found["amount"], period["start"]


def _lines(account: Account, subscription: Document) -> Iterator[Document]:
    for invoice in account.all("invoice", customer=subscription["customer"]):
        if subscription_id(invoice) == subscription["id"] and invoice["status"] in KEPT:
            for each in invoice["lines"]["data"]:
                less = sum(one["amount"] for one in each["discount_amounts"])
                item = each["parent"]["subscription_item_details"]["subscription_item"]
                yield {"amount": each["amount"] - less, "item": item, "period": each["period"]}
    for each in pending(account, subscription):
        item = each["parent"]["subscription_details"]["subscription_item"]
        yield {"amount": each["amount"], "item": item, "period": each["period"]}


def _invoice_item(
    subscription: Document, item: Document, *, amount: int, at: int, description: str
) -> Document:
    price = item["price"]
    return {
        "id": ids.new("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": price["currency"],
        "customer": subscription["customer"],
        "customer_account": None,
        "date": at,
        "description": description,
        # A credit is of what was paid after discounts; a debit is discounted on its invoice.
        "discountable": amount > 0,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": subscription["metadata"],
        "net_amount": amount,
        "parent": {
            "subscription_details": {
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_details",
        },
        "period": {"end": item["current_period_end"], "start": at},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(amount),
        },
        "proration": True,
        "proration_details": {"credited_items": None, "discount_amounts": []},
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "tax_rates": [],
        "test_clock": subscription["test_clock"],
    }


def _what(item: Document) -> str:
    return f"{item['quantity']} × {money.price(item['price'])}"
