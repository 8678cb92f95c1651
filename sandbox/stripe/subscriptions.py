"""Subscriptions, in flexible billing mode, as every new one is."""

from typing import Any

from sandbox import ids
from sandbox.store import Document
from sandbox.stripe import errors, lists
from sandbox.stripe.account import Account
from sandbox.stripe.params import (
    Either,
    Flag,
    Metadata,
    Nested,
    Span,
    Table,
    Text,
    choice,
    merged,
    within,
)
from sandbox.stripe.periods import later
from sandbox.stripe.routes import Params, delete, get, index, post

DAY = 24 * 60 * 60
ENDED = ("canceled", "incomplete_expired")
STATUSES = (
    "active",
    "canceled",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
)
FEEDBACK = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
CANCELLATION = Nested({"comment": Text(), "feedback": choice(*FEEDBACK)})
UPDATE: Table = {
    "cancel_at": Either(("max_period_end", "min_period_end")),
    "cancel_at_period_end": Flag(),
    "cancellation_details": CANCELLATION,
    "default_payment_method": Text(),
    "description": Text(500),
    "metadata": Metadata(),
}


def start(
    account: Account,
    *,
    customer: str,
    lines: list[Document],
    method: str | None,
    metadata: dict[str, str],
    trial_days: int | None,
) -> Document:
    """A subscription to what the lines of a checkout say. Saved, not yet announced."""
    now = account.now()
    id_ = ids.new("sub")
    trial_end = now + trial_days * DAY if trial_days else None
    subscription = {
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
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": method,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": lists.whole(
            f"/v1/subscription_items?subscription={id_}",
            [_item(line, id_, now, trial_end) for line in lines],
        ),
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
        "test_clock": None,
        "transfer_data": None,
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if trial_end else None,
    }
    return account.save(subscription)


def _item(line: Document, subscription: str, now: int, trial_end: int | None) -> Document:
    price = line["price"]
    recurring = price["recurring"]
    end = trial_end or later(now, recurring["interval"], recurring["interval_count"])
    return {
        "id": ids.new("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": end,
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": price,
        "quantity": line["quantity"],
        "subscription": subscription,
        "tax_rates": [],
    }


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


def period_end(subscription: Document) -> int:
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def end(account: Account, before: Document, details: dict[str, Any] | None = None) -> Document:
    """It ends now."""
    now = account.now()
    subscription = {
        **before,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": before["canceled_at"] or now,
        "cancellation_details": {
            **before["cancellation_details"],
            **(details or {}),
            "reason": "cancellation_requested",
        },
        "ended_at": now,
        "status": "canceled",
    }
    account.save(subscription)
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def end_later(account: Account, before: Document) -> Document:
    """As the portal does it for a flexible subscription: only the date is set."""
    return _change(account, before, _scheduled(account, before, period_end(before)))


def keep(account: Account, before: Document) -> Document:
    """A scheduled end is taken back."""
    return _change(account, before, _unscheduled(before))


def _scheduled(account: Account, before: Document, at: int) -> dict[str, Any]:
    return {
        "cancel_at": at,
        "canceled_at": account.now(),
        "cancellation_details": {
            **before["cancellation_details"],
            "reason": "cancellation_requested",
        },
    }


def _unscheduled(before: Document) -> dict[str, Any]:
    return {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {**before["cancellation_details"], "reason": None},
    }


def _change(account: Account, before: Document, changes: dict[str, Any]) -> Document:
    subscription = account.save({**before, **changes})
    if subscription != before:
        account.emit("customer.subscription.updated", subscription, before)
    return subscription


def retrieve(account: Account, _params: Params, subscription_id: str) -> Document:
    return account.get("subscription", subscription_id)


def update(account: Account, params: Params, subscription_id: str) -> Document:
    before = account.get("subscription", subscription_id)
    _refuse_ended(before)
    changes: dict[str, Any] = {
        name: params[name] for name in ("default_payment_method", "description") if name in params
    }
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if params.get("default_payment_method"):
        account.get(
            "payment_method", params["default_payment_method"], param="default_payment_method"
        )
    changes |= _ending(account, before, params)
    details = params.get("cancellation_details") or {}
    if details:
        changes.setdefault("cancellation_details", before["cancellation_details"])
        changes["cancellation_details"] |= details
    return _change(account, before, changes)


def _refuse_ended(subscription: Document) -> None:
    if subscription["status"] in ENDED:
        raise errors.Refusal(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )


def _ending(account: Account, before: Document, params: Params) -> dict[str, Any]:
    """What `cancel_at` and `cancel_at_period_end` ask for; the second sets both by the API."""
    if "cancel_at" in params and "cancel_at_period_end" in params:
        raise errors.Refusal("You may only specify one of cancel_at and cancel_at_period_end.")
    if params.get("cancel_at_period_end"):
        at = period_end(before)
        return {**_scheduled(account, before, at), "cancel_at_period_end": True}
    if "cancel_at_period_end" in params:
        return _unscheduled(before)
    if "cancel_at" not in params:
        return {}
    at = params["cancel_at"]
    if at is None:
        return _unscheduled(before)
    ends = [item["current_period_end"] for item in before["items"]["data"]]
    moment = {"min_period_end": min(ends), "max_period_end": max(ends)}.get(at) or int(at)
    if moment <= account.now():
        raise errors.invalid("The cancel_at timestamp must be in the future.", "cancel_at")
    return {**_scheduled(account, before, moment), "cancel_at_period_end": False}


def cancel(account: Account, params: Params, subscription_id: str) -> Document:
    before = account.get("subscription", subscription_id)
    if before["status"] in ENDED:
        raise errors.no_such("subscription", subscription_id)
    return end(account, before, params.get("cancellation_details"))


def list_(account: Account, params: Params) -> Document:
    found = [s for s in account.all("subscription") if _wanted(s, params)]
    return lists.page("/v1/subscriptions", found, params)


def _wanted(subscription: Document, params: Params) -> bool:
    items = subscription["items"]["data"]
    return (
        _of_status(subscription["status"], params.get("status"))
        and params.get("customer") in (None, subscription["customer"])
        and params.get("collection_method") in (None, subscription["collection_method"])
        and ("price" not in params or any(i["price"]["id"] == params["price"] for i in items))
        and within(params.get("created"), subscription["created"])
        and all(
            any(within(params.get(bound), item[bound]) for item in items)
            for bound in ("current_period_start", "current_period_end")
        )
    )


def _of_status(status: str, wanted: str | None) -> bool:
    """Unasked, the list leaves out what has been canceled."""
    if wanted is None:
        return status != "canceled"
    return wanted == "all" or (status in ENDED if wanted == "ended" else status == wanted)


ROUTES = [
    index(
        "/subscriptions",
        list_,
        {
            "collection_method": choice("charge_automatically", "send_invoice"),
            "created": Span(),
            "current_period_end": Span(),
            "current_period_start": Span(),
            "customer": Text(),
            "price": Text(),
            "status": choice("all", "ended", *STATUSES),
        },
    ),
    get("/subscriptions/<subscription_id>", retrieve),
    post("/subscriptions/<subscription_id>", update, UPDATE),
    delete(
        "/subscriptions/<subscription_id>",
        cancel,
        {"cancellation_details": CANCELLATION},
    ),
]
