"""What a subscription is at the moment, and how it becomes something else, announced."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe.account import Account

ENDED = ("canceled", "incomplete_expired")
OWING = ("past_due", "unpaid", "incomplete")  # what paying the latest invoice ends


def items_of(subscription: Document) -> list[Document]:
    found: list[Document] = subscription["items"]["data"]
    return found


def with_items(subscription: Document, items: list[Document]) -> dict[str, Any]:
    """The change that gives it these items."""
    return {"items": {**subscription["items"], "data": items}}


def period_end(subscription: Document) -> int:
    return max(int(item["current_period_end"]) for item in items_of(subscription))


def change(account: Account, before: Document, changes: dict[str, Any]) -> Document:
    """Saved, and announced unless nothing is other than before."""
    subscription = account.save({**before, **changes})
    if subscription != before:
        account.emit("customer.subscription.updated", subscription, before)
    return subscription


def method_of(account: Account, subscription: Document) -> str | None:
    """The payment method it is charged to: its own, or else its customer's."""
    if subscription["default_payment_method"]:
        return str(subscription["default_payment_method"])
    customer = account.get("customer", subscription["customer"])
    default: str | None = customer["invoice_settings"]["default_payment_method"]
    return default


def of_invoice(account: Account, invoice: Document) -> Document | None:
    """The subscription an invoice is for."""
    id_ = subscription_id(invoice)
    return account.find("subscription", id_) if id_ else None


def subscription_id(invoice: Document) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    id_: str | None = details.get("subscription")
    return id_


def pay_up(account: Account, invoice: Document) -> None:
    """An invoice is settled: what owed it is active again, if it is the latest one."""
    subscription = of_invoice(account, invoice)
    if subscription is None or _latest(account, subscription) != invoice["id"]:
        return
    if subscription["status"] in OWING:
        status = "trialing" if _in_trial(account, subscription) else "active"
        change(account, subscription, {"status": status})
    elif subscription["status"] == "paused" and subscription["latest_invoice"] == invoice["id"]:
        wake(account, subscription)


def fall_behind(account: Account, invoice: Document) -> None:
    """A charge has failed: an active subscription is past due now."""
    subscription = of_invoice(account, invoice)
    if subscription and subscription["status"] == "active":
        change(account, subscription, {"status": "past_due"})


def set_delinquent(account: Account, customer_id: str, *, delinquent: bool) -> None:
    """Whether the last charge of a customer's invoices failed."""
    before = account.find("customer", customer_id)
    if before and not before.get("deleted") and before["delinquent"] != delinquent:
        customer = account.save({**before, "delinquent": delinquent})
        account.emit("customer.updated", customer, before)


def fall_asleep(account: Account, before: Document, why: str, **changes: Any) -> Document:
    """It is paused, for one of Stripe's reasons: nothing is invoiced until it is resumed."""
    paused: dict[str, Any] = {
        "subscription": {"type": why},
        "transitioned_at": account.now(),
        "type": "subscription",
    }
    changes |= {"status": "paused", "status_details": {"paused": paused}}
    subscription = change(account, before, changes)
    account.emit("customer.subscription.paused", subscription)
    return subscription


def wake(account: Account, before: Document, **changes: Any) -> Document:
    """It is active again after a pause."""
    changes |= {"status": "active", "status_details": None}
    subscription = change(account, before, changes)
    account.emit("customer.subscription.resumed", subscription)
    return subscription


def _latest(account: Account, subscription: Document) -> str | None:
    """The last invoice that is more than a draft."""
    found = account.store.last(
        "invoice",
        "customer",
        subscription["customer"],
        lambda i: i["status"] != "draft" and subscription_id(i) == subscription["id"],
    )
    return str(found["id"]) if found else None


def _in_trial(account: Account, subscription: Document) -> bool:
    return bool(subscription["trial_end"] and subscription["trial_end"] > account.now())
