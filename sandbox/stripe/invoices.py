"""Invoices and what was paid on them."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import lists, money
from sandbox.stripe.account import Account
from sandbox.stripe.params import Nested, Span, Text, choice, within
from sandbox.stripe.routes import Params, get, index

STATUSES = ("draft", "open", "paid", "uncollectible", "void")


def first(account: Account, subscription: Document, customer: Document) -> Document:
    """The invoice a subscription begins with, paid; of nothing when it begins with a trial."""
    now = account.now()
    id_ = ids.new("in")
    lines = [_line(id_, subscription, item) for item in subscription["items"]["data"]]
    total = sum(line["amount"] for line in lines)
    sequence = customer["next_invoice_sequence"]
    account.save({**customer, "next_invoice_sequence": sequence + 1})
    invoice = {
        "id": id_,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": total,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 1 if total else 0,
        "attempted": True,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "subscription_create",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": now,
        "ending_balance": 0,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": f"{account.public_url}/invoice/{id_}",
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": lists.whole(f"/v1/invoices/{id_}/lines", lines),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "paid",
        "status_details": None,
        "status_transitions": {
            "finalized_at": now,
            "marked_uncollectible_at": None,
            "paid_at": now,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": now,
    }
    return account.save(invoice)


def _line(invoice: str, subscription: Document, item: Document) -> Document:
    price = item["price"]
    trial = subscription["status"] == "trialing"
    total = 0 if trial else price["unit_amount"] * item["quantity"]
    return {
        "id": ids.new("il"),
        "object": "line_item",
        "amount": total,
        "currency": price["currency"],
        "description": _description(item, trial=trial),
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": item["current_period_end"], "start": item["current_period_start"]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": "0" if trial else price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subtotal": total,
        "taxes": [],
    }


def _description(item: Document, *, trial: bool) -> str:
    if trial:
        return f"Trial period of {item['quantity']} × {item['price']['product']}"
    return f"{item['quantity']} × (at {money.price(item['price'])})"


def record_payment(account: Account, invoice: Document, intent: Document) -> Document:
    """The link between an invoice and the payment intent it was paid by."""
    now = account.now()
    return account.save(
        {
            "id": ids.new("inpay"),
            "object": "invoice_payment",
            "amount_paid": invoice["amount_paid"],
            "amount_requested": invoice["amount_due"],
            "created": now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "paid",
            "status_transitions": {"canceled_at": None, "paid_at": now},
        }
    )


def retrieve(account: Account, _params: Params, invoice_id: str) -> Document:
    return account.get("invoice", invoice_id)


def list_(account: Account, params: Params) -> Document:
    def wanted(invoice: Document) -> bool:
        details = (invoice["parent"] or {}).get("subscription_details") or {}
        return (
            params.get("customer") in (None, invoice["customer"])
            and params.get("status") in (None, invoice["status"])
            and params.get("collection_method") in (None, invoice["collection_method"])
            and params.get("subscription") in (None, details.get("subscription"))
            and within(params.get("created"), invoice["created"])
        )

    return lists.page("/v1/invoices", [i for i in account.all("invoice") if wanted(i)], params)


def list_lines(account: Account, params: Params, invoice_id: str) -> Document:
    lines = account.get("invoice", invoice_id)["lines"]
    return lists.page(lines["url"], list(reversed(lines["data"])), params)


def retrieve_payment(account: Account, _params: Params, payment_id: str) -> Document:
    return account.get("invoice_payment", payment_id)


def list_payments(account: Account, params: Params) -> Document:
    payment: dict[str, Any] = params.get("payment") or {}

    def wanted(found: Document) -> bool:
        return (
            params.get("invoice") in (None, found["invoice"])
            and params.get("status") in (None, found["status"])
            and all(found["payment"].get(name) == value for name, value in payment.items())
            and within(params.get("created"), found["created"])
        )

    found = [p for p in account.all("invoice_payment") if wanted(p)]
    return lists.page("/v1/invoice_payments", found, params)


ROUTES = [
    index(
        "/invoices",
        list_,
        {
            "collection_method": choice("charge_automatically", "send_invoice"),
            "created": Span(),
            "customer": Text(),
            "status": choice(*STATUSES),
            "subscription": Text(),
        },
    ),
    get("/invoices/<invoice_id>", retrieve),
    index("/invoices/<invoice_id>/lines", list_lines),
    index(
        "/invoice_payments",
        list_payments,
        {
            "created": Span(),
            "invoice": Text(),
            "payment": Nested(
                {"payment_intent": Text(), "type": choice("payment_intent", required=True)}
            ),
            "status": choice("canceled", "open", "paid"),
        },
    ),
    get("/invoice_payments/<payment_id>", retrieve_payment),
]
