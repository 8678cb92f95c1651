"""What happens to subscriptions by the clock: renewed, ended as scheduled, given up, resumed."""

from typing import Any

from sandbox.shelf import Hour
from sandbox.store import Document
from sandbox.stripe import (
    dunning,
    invoice_state,
    invoices,
    subscription_documents,
    subscription_state,
    subscriptions,
    trials,
)
from sandbox.stripe.account import Account
from sandbox.stripe.subscription_state import items_of, with_items
from sandbox.stripe.timed import Timed

KIND = "subscription"
RENEWING = ("active", "past_due", "trialing", "unpaid")
PATIENCE = 23 * 60 * 60  # for the first payment of one that is incomplete


def _when(subscription: Document) -> Hour:
    return subscription["test_clock"], _next(subscription)


def _next(subscription: Document) -> int | None:
    status = subscription["status"]
    if status == "incomplete":
        return int(subscription["created"]) + PATIENCE
    if status in subscriptions.ENDED:
        return None
    ends = subscription["cancel_at"]
    if status == "paused":
        return None if ends is None else int(ends)
    moments = [renewal(subscription), ends, _resumption(subscription)]
    return min(int(moment) for moment in moments if moment is not None)


def renewal(subscription: Document) -> int:
    """When its next period begins."""
    return min(int(item["current_period_end"]) for item in items_of(subscription))


def next_renewal(account: Account, customer_id: str | None = None) -> int | None:
    """When the next period of a customer's (None: of anybody's) subscriptions begins."""
    now = account.now()

    def moment(subscription: Document) -> int | None:
        at = renewal(subscription)
        ends = subscription["cancel_at"]
        live = subscription["status"] in RENEWING and subscription["test_clock"] is None
        theirs = customer_id in (None, subscription["customer"])
        return at if live and theirs and at > now and (ends is None or ends > at) else None

    return account.store.least(KIND, moment)


def _resumption(subscription: Document) -> int | None:
    """When its pause of collection is over."""
    collection = subscription["pause_collection"] or {}
    resumes_at: int | None = collection.get("resumes_at")
    return resumes_at


def _act(account: Account, subscription: Document) -> None:
    now = account.now()
    resumes_at = _resumption(subscription)
    if subscription["status"] == "incomplete":
        give_up(account, subscription)
    elif subscription["cancel_at"] is not None and subscription["cancel_at"] <= now:
        subscriptions.end(account, subscription)
    elif resumes_at is not None and resumes_at <= now:
        subscription_state.change(account, subscription, {"pause_collection": None})
    else:
        renew(account, subscription)


def give_up(account: Account, before: Document) -> None:
    """The first payment never came."""
    expired = {"ended_at": account.now(), "status": "incomplete_expired"}
    subscription = subscription_state.change(account, before, expired)
    trials.forget(account, subscription)
    invoice = account.find("invoice", subscription["latest_invoice"] or "")
    if invoice and invoice["status"] == "open":
        invoice_state.void(account, invoice)


def renew(account: Account, before: Document) -> Document | None:
    """The next period begins, and its invoice is drafted; None when none is, at a trial's end."""
    trial = before["status"] == "trialing"
    if trial and subscription_state.method_of(account, before) is None:
        behavior = before["trial_settings"]["end_behavior"]["missing_payment_method"]
        if behavior != "create_invoice":
            _end_trial_unpaid(account, before, behavior)
            return None
    items, due, since = _moved_on(account, before)
    changes = with_items(before, items) | ({"status": "active"} if trial else {})
    subscription = account.save({**before, **changes})
    trials.forget(account, subscription)
    invoice = invoices.raise_(
        account, subscription, reason="subscription_cycle", items=due, since=since
    )
    changes |= invoices.carried(account, subscription, invoice)
    subscription = subscription_state.change(account, before, changes)
    return _handled(account, subscription, invoice)


def _moved_on(account: Account, before: Document) -> tuple[list[Document], list[Document], int]:
    """All items, those whose new period has begun, and when the old one did."""
    now, anchor = account.now(), before["billing_cycle_anchor"]
    over = [item for item in items_of(before) if item["current_period_end"] <= now]
    since = min(item["current_period_start"] for item in over)
    renewed = {
        item["id"]: subscription_documents.renewed(item, item["current_period_end"], anchor)
        for item in over
    }
    items = [renewed.get(item["id"], item) for item in items_of(before)]
    return items, list(renewed.values()), since


def _end_trial_unpaid(account: Account, before: Document, behavior: str) -> None:
    trials.forget(account, before)
    if behavior == "cancel":
        subscriptions.end(account, before)
    else:
        subscription_state.fall_asleep(account, before, "trial_end_without_payment_method")


def _handled(account: Account, subscription: Document, invoice: Document) -> Document:
    """What a subscription that is not collected from does with a draft."""
    collection: dict[str, Any] = subscription["pause_collection"] or {}
    behavior = collection.get("behavior")
    if behavior == "keep_as_draft" or subscription["status"] == "unpaid":
        return invoice_state.keep_as_draft(account, invoice)
    if behavior is None:
        return invoice
    invoice = invoice_state.finalize(account, invoice)
    if invoice["status"] != "open":
        return invoice
    if behavior == "void":
        return invoice_state.void(account, invoice)
    return invoice_state.mark_uncollectible(account, invoice, "payment_not_received")


def renew_now(account: Account, before: Document) -> None:
    """Bring the next renewal forward to now, with its charge; the rhythm goes on from here."""
    now = account.now()
    items = [
        {**item, "current_period_end": now, "current_period_start": _started(item, now)}
        for item in items_of(before)
    ]
    changes = {"billing_cycle_anchor": now, **with_items(before, items)}
    if before["status"] == "trialing":
        changes["trial_end"] = now
    invoice = renew(account, account.save({**before, **changes}))
    if invoice and invoice["auto_advance"]:
        dunning.collect(account, invoice)


def _started(item: Document, now: int) -> int:
    return min(int(item["current_period_start"]), now)


TIMED = Timed(KIND, _when, _act)
