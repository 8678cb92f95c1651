"""The shapes of an invoice and of its lines."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import lists, money


def invoice(
    *,
    id_: str,
    now: int,
    customer: Document,
    subscription: Document,
    lines: list[Document],
    reason: str,
    period: tuple[int, int],
) -> Document:
    """A draft for a subscription; `period` is what it looks back on, in unix seconds."""
    total = sum(line["amount"] for line in lines)
    return {
        "id": id_,
        "object": "invoice",
        "account_country": "DE",
        "account_name": "Sandbox",
        "account_tax_ids": None,
        "amount_due": max(total, 0),
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": max(total, 0),
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": reason,
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
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": lists.whole(f"/v1/invoices/{id_}/lines", lines),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": _parent(subscription),
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": period[1],
        "period_start": period[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": customer["balance"],
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": customer["test_clock"],
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def _parent(subscription: Document) -> dict[str, Any]:
    return {
        "quote_details": None,
        "subscription_details": {
            "metadata": subscription["metadata"],
            "subscription": subscription["id"],
        },
        "type": "subscription_details",
    }


def line(invoice: str, subscription: Document, item: Document, name: str) -> Document:
    """What an item costs for its current period, nothing in a trial. `name` is the product's."""
    price = item["price"]
    trial = subscription["status"] == "trialing"
    total = 0 if trial else price["unit_amount"] * item["quantity"]
    return {
        "id": ids.new("il"),
        "object": "line_item",
        "amount": total,
        "currency": price["currency"],
        "description": _description(item, name, trial=trial),
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


def _description(item: Document, name: str, *, trial: bool) -> str:
    if trial:
        return f"Trial period for {name}"
    return f"{item['quantity']} × {name} (at {money.price(item['price'])})"


def payment(invoice: Document, intent: Document, now: int) -> Document:
    """The link between an invoice and the payment intent it is to be paid by."""
    return {
        "id": ids.new("inpay"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def sums(lines: list[Document], invoice_id: str) -> dict[str, Any]:
    """The fields of a draft that its lines make."""
    total = sum(line["amount"] for line in lines)
    return {
        "amount_due": max(total, 0),
        "amount_remaining": max(total, 0),
        "lines": lists.whole(f"/v1/invoices/{invoice_id}/lines", lines),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }
