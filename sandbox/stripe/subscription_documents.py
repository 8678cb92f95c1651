"""The shapes of a subscription and of its items."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import lists
from sandbox.stripe.periods import next_end


def subscription(
    *,
    now: int,
    customer: Document,
    lines: list[Document],
    method: str | None,
    metadata: dict[str, str],
    trial_end: int | None,
) -> Document:
    """A new one to lines (`price` and `quantity`), in trial or active, in flexible billing mode."""
    id_ = ids.new("sub")
    items = [item(line, id_, now, trial_end or now) for line in lines]
    return {
        "id": id_,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": trial_end or now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": now,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": lines[0]["price"]["currency"],
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": lists.whole(f"/v1/subscription_items?subscription={id_}", items),
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "trialing" if trial_end else "active",
        "status_details": None,
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if trial_end else None,
    }


def item(line: Document, subscription_id: str, now: int, anchor: int) -> Document:
    """One item, whose first period is the one about now by its anchor."""
    recurring = line["price"]["recurring"]
    return {
        "id": ids.new("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": next_end(
            anchor, now, recurring["interval"], recurring["interval_count"]
        ),
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        **priced(line["price"]),
        "quantity": line["quantity"],
        "subscription": subscription_id,
        "tax_rates": [],
    }


def priced(price: Document) -> dict[str, Any]:
    """What an item says about its price: itself, and by its old name."""
    return {"plan": _plan(price), "price": price}


def _plan(price: Document) -> Document:
    """The old name of a price, which items still carry."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": "licensed",
    }


def renewed(before: Document, start: int, anchor: int) -> Document:
    """An item whose period begins at a moment, by an anchor; both in unix seconds."""
    recurring = before["price"]["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    end = next_end(anchor, start, interval, count)
    return {**before, "current_period_end": end, "current_period_start": start}
