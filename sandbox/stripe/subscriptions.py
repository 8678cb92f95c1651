"""What can be done with a subscription: begun, changed, paused, resumed, ended now or later."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import (
    errors,
    invoice_state,
    invoices,
    plan_changes,
    prorations,
    subscription_documents,
    subscription_state,
    trials,
)
from sandbox.stripe.account import Account
from sandbox.stripe.plan_changes import Plan
from sandbox.stripe.routes import Params
from sandbox.stripe.subscription_state import items_of, with_items

DAY = 24 * 60 * 60
ENDED = subscription_state.ENDED
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
period_end = subscription_state.period_end


def start(
    account: Account,
    *,
    customer: str,
    lines: list[Document],
    method: str | None,
    metadata: dict[str, str],
    trial_days: int | None = None,
    trial_end: int | None = None,
) -> Document:
    """A subscription to what lines (`price`, `quantity`) say. Saved, not yet announced."""
    now = account.now()
    subscription = subscription_documents.subscription(
        now=now,
        customer=account.get("customer", customer),
        lines=lines,
        method=method,
        metadata=metadata,
        trial_end=now + trial_days * DAY if trial_days else trial_end,
    )
    trials.give_notice(account, subscription)
    return account.save(subscription)


def end(
    account: Account,
    before: Document,
    details: dict[str, Any] | None = None,
    *,
    reason: str = "cancellation_requested",
) -> Document:
    """It ends now, for a `cancellation_details.reason`; what is owed is charged no more."""
    now = account.now()
    due = before["cancel_at"] is not None and before["cancel_at"] <= now
    schedule: dict[str, Any] = {} if due else {"cancel_at": None, "cancel_at_period_end": False}
    subscription = {
        **before,
        **schedule,
        "canceled_at": before["canceled_at"] or now,
        "cancellation_details": {
            **before["cancellation_details"],
            **(details or {}),
            "reason": reason,
        },
        "ended_at": now,
        "status": "canceled",
        "status_details": None,
    }
    account.save(subscription)
    trials.forget(account, subscription)
    invoices.stop_collecting(account, subscription)
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def end_later(account: Account, before: Document) -> Document:
    """As the portal does it for a flexible subscription: only the date is set."""
    at = period_end(before)
    return subscription_state.change(account, before, scheduled(account, before, at))


def keep(account: Account, before: Document) -> Document:
    """A scheduled end is taken back."""
    return subscription_state.change(account, before, unscheduled(before))


def scheduled(account: Account, before: Document, at: int) -> dict[str, Any]:
    """The changes that let it end at a moment."""
    return {
        "cancel_at": at,
        "canceled_at": account.now(),
        "cancellation_details": {
            **before["cancellation_details"],
            "reason": "cancellation_requested",
        },
    }


def unscheduled(before: Document) -> dict[str, Any]:
    """The changes that let it go on."""
    return {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {**before["cancellation_details"], "reason": None},
    }


def ending(account: Account, before: Document, params: Params) -> dict[str, Any]:
    """What `cancel_at` and `cancel_at_period_end` ask for; the second sets both by the API."""
    if "cancel_at" in params and "cancel_at_period_end" in params:
        raise errors.Refusal("You may only specify one of cancel_at and cancel_at_period_end.")
    if params.get("cancel_at_period_end"):
        at = period_end(before)
        return {**scheduled(account, before, at), "cancel_at_period_end": True}
    if "cancel_at_period_end" in params:
        return unscheduled(before)
    if "cancel_at" not in params:
        return {}
    at = params["cancel_at"]
    if at is None:
        return unscheduled(before)
    ends = [item["current_period_end"] for item in items_of(before)]
    moment = {"min_period_end": min(ends), "max_period_end": max(ends)}.get(at) or int(at)
    if moment <= account.now():
        raise errors.invalid("The cancel_at timestamp must be in the future.", "cancel_at")
    return {**scheduled(account, before, moment), "cancel_at_period_end": False}


def change_plan(
    account: Account,
    before: Document,
    price_id: str,
    *,
    proration_behavior: str = "create_prorations",
) -> Document:
    """Its one plan becomes another, as the portal and the API do it. Raises Refusal."""
    wanted = [{"id": items_of(before)[0]["id"], "price": price_id}]
    plan = plan_changes.plan(account, before, wanted, behavior=proration_behavior, at=account.now())
    return adopt(account, before, plan, {}, at_once=proration_behavior == "always_invoice")


def adopt(
    account: Account,
    before: Document,
    plan: Plan,
    changes: dict[str, Any],
    *,
    at_once: bool,
    charge: bool = True,
    off_session: bool = False,
) -> Document:
    """Take over a plan, with other changes; what it costs is invoiced now or with the renewal.

    A new period is invoiced now in any case. Not `charge`: the invoice waits to be paid.
    """
    prorations.add(account, plan.prorations)
    changes |= with_items(before, plan.items)
    if plan.begins_anew:
        changes["billing_cycle_anchor"] = account.now()
    changed = account.save({**before, **changes})
    invoice = None
    if plan.begins_anew or (at_once and plan.prorations):
        items: list[Document] | None = None if plan.begins_anew else []
        invoice = invoices.raise_(account, changed, reason="subscription_update", items=items)
        changes |= invoices.carried(account, changed, invoice)
    changed = subscription_state.change(account, before, changes)
    if invoice is None:
        return changed
    invoice = invoice_state.finalize(account, invoice)
    if charge:
        invoices.pay(account, invoice, off_session=off_session)
    return account.get("subscription", before["id"])


def pause(
    account: Account,
    before: Document,
    *,
    unused_time_from: str = "now",
    invoicing_behavior: str = "pending_invoice_item",
) -> Document:
    """Nothing is invoiced until it is resumed. The time that is left is credited, or not.

    `unused_time_from` is now, item_current_period_start or none; `invoicing_behavior` is
    pending_invoice_item or invoice. Raises Refusal.
    """
    if before["status"] not in ("active", "past_due", "trialing", "unpaid"):
        raise errors.Refusal(f"You cannot pause a subscription that is {before['status']}.")
    if unused_time_from != "none" and before["status"] != "trialing":
        prorations.add(account, _unused(account, before, unused_time_from))
    changes: dict[str, Any] = {}
    if invoicing_behavior == "invoice" and prorations.pending(account, before):
        invoice = invoices.raise_(account, before, reason="subscription_update", items=[])
        invoice = invoice_state.finalize(account, invoice)
        invoices.pay(account, invoice, off_session=True)
        before = account.get("subscription", before["id"])
        changes = invoices.carried(account, before, invoice)
    trials.forget(account, before)
    return subscription_state.fall_asleep(account, before, "pause_requested", **changes)


def _unused(account: Account, subscription: Document, since: str) -> list[Document]:
    now = account.now()
    found = [
        prorations.credit(
            account, subscription, item, now if since == "now" else item["current_period_start"]
        )
        for item in items_of(subscription)
    ]
    return [credit for credit in found if credit]


def resume(
    account: Account,
    before: Document,
    *,
    anchor: str = "now",
    payment_behavior: str = "resume_on_payment_attempt",
    proration_behavior: str = "create_prorations",
) -> Document:
    """It goes on: with a new period from now, or (`anchor` unchanged) in its old rhythm.

    What that costs is charged at once; on failure it is past due, or stays paused when
    `payment_behavior` is resume_on_payment_success. Raises Refusal.
    """
    if before["status"] != "paused":
        raise errors.Refusal("You can only resume a subscription that is paused.")
    now = account.now()
    begins = {"billing_cycle_anchor": now} if anchor == "now" else {}
    items = [
        subscription_documents.renewed(item, now, now)
        if anchor == "now"
        else _caught_up(item, before["billing_cycle_anchor"], now)
        for item in items_of(before)
    ]
    changed = account.save({**before, **begins, **with_items(before, items), "trial_end": None})
    costs = anchor == "now" or proration_behavior != "none"
    if anchor != "now" and costs:
        prorations.add(account, [prorations.debit(changed, item, now) for item in items])
    if not costs:
        return subscription_state.wake(account, changed)
    return _resume_by_invoice(account, changed, anchor, payment_behavior)


def _caught_up(item: Document, anchor: int, now: int) -> Document:
    """The item in the period of its rhythm that is under way now."""
    while item["current_period_end"] <= now:
        item = subscription_documents.renewed(item, item["current_period_end"], anchor)
    return item


def _resume_by_invoice(
    account: Account, subscription: Document, anchor: str, payment_behavior: str
) -> Document:
    items: list[Document] | None = None if anchor == "now" else []
    invoice = invoices.raise_(account, subscription, reason="subscription_update", items=items)
    asleep = account.save({**subscription, **invoices.carried(account, subscription, invoice)})
    if payment_behavior == "resume_on_payment_attempt":
        subscription_state.wake(account, asleep)
    invoice = invoice_state.finalize(account, invoice)
    if invoice["status"] == "open":
        # Tried once: what comes of a resumption is not tried again by itself.
        invoice = invoice_state.change(account, invoice, auto_advance=False)
        invoices.pay(account, invoice, off_session=True)
    return account.get("subscription", subscription["id"])
